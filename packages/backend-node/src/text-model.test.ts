import { fixture, largestDifference, largestMagnitude, tensorsOf } from '@procache/conformance';
import { openTextModel, type TextModel } from '@procache/model';
import { ortTextModel, type OrtTextModel, type TokenIds } from '@procache/ort';
import { describe, expect, it } from 'vitest';
import { nodeHost } from './host.ts';
import { openCheckpointFiles } from './model-files.ts';

async function withModel<Result>(
  path: string,
  use: (model: OrtTextModel, data: TextModel) => Promise<Result>,
): Promise<Result> {
  const opened = await openCheckpointFiles(path);
  try {
    const data = await openTextModel(opened.checkpoint, opened.config.own);
    const model = ortTextModel(data, nodeHost({ threads: 1 }));
    try {
      return await use(model, data);
    } finally {
      await model.dispose();
    }
  } finally {
    await opened.close();
  }
}

const FOLDERS = ['bfloat16', 'both', 'embed-tokens', 'shared'];

describe('T5', () => {
  describe.each(FOLDERS)('%s', (folder) => {
    it.each([
      ['input.ids', 'input.mask', 'output.hidden'],
      ['input.ids2', 'input.mask2', 'output.hidden2'],
      ['input.ids', undefined, 'output.hidden_unmasked'],
      ['input.ids2', undefined, 'output.hidden_unmasked2'],
    ])('gives of %s with %s what transformers gives', async (ids, mask, output) => {
      const expected = await tensorsOf(`t5/${folder}/expected.safetensors`);
      const [texts, length] = expected.shape(ids) as [number, number];
      const all = await expected.floats(ids);
      const masks = mask === undefined ? new Float32Array(texts * length).fill(1) : await expected.floats(mask);
      const rowOf = (values: Float32Array, text: number) => values.subarray(text * length, (text + 1) * length);
      const asked = Array.from({ length: texts }, (_, text): TokenIds => {
        const tokens = rowOf(masks, text).reduce((sum, value) => sum + value, 0);
        expect(rowOf(masks, text).every((value, token) => (value === 1) === token < tokens)).toBe(true);
        return { ids: rowOf(all, text), tokens };
      });
      const made = await withModel(fixture(`t5/${folder}`), (model) => model.encode(asked));
      const wanted = await expected.floats(output);
      const size = wanted.length / texts;
      made.forEach((values, text) => {
        const own = wanted.subarray(text * size, (text + 1) * size);
        expect(largestDifference(values, own)).toBeLessThanOrEqual(1e-4 * largestMagnitude(wanted));
      });
    });
  });

  it('encodes the texts of a diffusers pipeline in several shards', async () => {
    const expected = await tensorsOf('pipelines/pixart-tiny/expected.safetensors');
    const [texts, length] = expected.shape('text.ids120') as [number, number];
    const [ids, mask] = [await expected.floats('text.ids120'), await expected.floats('text.mask120')];
    const asked = Array.from({ length: texts }, (_, i) => ({
      ids: ids.subarray(i * length, (i + 1) * length),
      tokens: mask.subarray(i * length, (i + 1) * length).reduce((sum, value) => sum + value, 0),
    }));
    const made = await withModel(fixture('pipelines/pixart-tiny/text_encoder'), (model) => model.encode(asked));
    const wanted = await expected.floats('text.embeds');
    const width = wanted.length / texts / length;
    made.forEach((values, text) => {
      const own = wanted.subarray(text * length * width).subarray(0, asked[text]!.tokens * width);
      expect(largestDifference(values.subarray(0, own.length), own)).toBeLessThanOrEqual(
        1e-4 * largestMagnitude(wanted),
      );
    });
  });

  it('refuses what is no T5', async () => {
    await expect(withModel(fixture('dit/model.safetensors'), () => Promise.resolve())).rejects.toThrow(
      'are not of a text encoder',
    );
  });
});
