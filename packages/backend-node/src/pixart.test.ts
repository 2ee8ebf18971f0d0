import { checkSchedule, diffusionSteps, generate, type Schedule, type TextEmbedding } from '@procache/core';
import { guidanceOf } from '@procache/model';
import { type OrtHost, ortTransformer } from '@procache/ort';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { nodeHost } from './host.ts';
import { openModelFiles, type OpenedModelFiles } from './model-files.ts';
import { openTransformer } from './transformer.ts';

const EMOJI = fileURLToPath(new URL('../../zoo/models/emoji-pixart', import.meta.url));
const SCHEDULE: Schedule = { version: 1, pattern: '#.#.', legend: {} };
let opened: OpenedModelFiles;

beforeAll(async () => {
  opened = await openModelFiles(EMOJI);
});
afterAll(() => opened.close());

const caption = (pace: number, tokens: number): TextEmbedding => ({
  values: Float32Array.from({ length: 16 * 64 }, (_, i) => Math.sin(pace * i)),
  tokens,
});

/** A host that notes how many rows, texts or images each run was for. */
function recording(): { readonly host: OrtHost; readonly runs: string[] } {
  const own = nodeHost({ threads: 1 });
  const runs: string[] = [];
  const host: OrtHost = {
    get Tensor() {
      return own.Tensor;
    },
    async open(graph, residence) {
      const session = await own.open(graph, residence);
      return {
        run(feeds, outputs) {
          runs.push(`${graph.name} ${Object.values(feeds)[0]!.dims[0]!}`);
          return session.run(feeds, outputs);
        },
        release: () => session.release(),
      };
    },
    free: (tensor) => own.free(tensor),
  };
  return { host, runs };
}

it('reads a caption of ten images once, and modulates all steps at once', async () => {
  const { model } = opened;
  const { host, runs } = recording();
  const transformer = ortTransformer(model, host);
  const [cat, dog] = [caption(1.1, 4), caption(1.7, 9)];
  const draw = async (conditions: readonly TextEmbedding[], seeds: readonly number[]) =>
    (
      await generate(transformer, {
        plan: checkSchedule(SCHEDULE, model.topology),
        steps: diffusionSteps(4, { ...model.defaults, sampler: 'ddim', rule: 'original' }),
        sampler: 'ddim',
        conditions,
        seeds,
        guidance: guidanceOf(model, 3, conditions),
      })
    ).latents;
  const many = await draw([...Array.from({ length: 9 }, () => cat), dog], [...Array(9).keys(), 3]);
  expect(runs.filter((run) => !run.startsWith('step'))).toEqual(['conditioning 4', 'contexts 3']);
  expect(runs.filter((run) => run.startsWith('step'))).toEqual(Array.from({ length: 4 }, () => 'step 20'));
  // Each image is what it is alone: "nothing" is shown as far as its own caption goes.
  const size = many.length / 10;
  const alone = [await draw([cat], [8]), await draw([dog], [3])];
  [8, 9].forEach((image, i) =>
    many
      .slice(image * size, (image + 1) * size)
      .forEach((value, pixel) => expect(value).toBeCloseTo(alone[i]![pixel]!, 4)),
  );
  await transformer.dispose();
});

it('draws latents of the size that is asked for', async () => {
  const transformer = await openTransformer(EMOJI, { threads: 1, latentSize: { height: 24, width: 40 } });
  expect(transformer.latent).toEqual({ channels: 3, outChannels: 3, height: 24, width: 40 });
  expect(transformer.topology.grid).toEqual([6, 10]);
  await transformer.dispose();
  await expect(openTransformer(EMOJI, { latentSize: { height: 30, width: 32 } })).rejects.toThrow(
    'latents of 30 x 32 cells cannot be cut into patches of 4; use multiples of 4',
  );
  const dit = fileURLToPath(new URL('../../zoo/models/fashion-dit', import.meta.url));
  await expect(openTransformer(dit, { latentSize: { height: 64, width: 32 } })).rejects.toThrow(
    'latentSize: the model draws latents of 32 x 32 cells only, not of 64 x 32; leave the size out',
  );
});
