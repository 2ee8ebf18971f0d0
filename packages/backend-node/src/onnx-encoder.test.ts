import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ELEMENT_TYPES, GraphBuilder, type GraphValue } from '@procache/model';
import { afterAll, describe, expect, it } from 'vitest';
import { openOnnxTextModel } from './onnx-encoder.ts';

const folder = await mkdtemp(join(tmpdir(), 'procache-onnx-encoder-'));
afterAll(() => rm(folder, { recursive: true }));

const [VOCABULARY, WIDTH, TOKENS] = [5, 2, 4];
/** The row of a token: its id and ten times that. */
const TABLE = Float32Array.from({ length: VOCABULARY * WIDTH }, (_, i) => (i >> 1) * (i % 2 === 0 ? 1 : 10));

interface Changes {
  readonly texts?: number | string;
  readonly tokens?: number | string;
  readonly width?: number;
  readonly ids?: string;
  readonly mask?: GraphValue['type'];
  readonly more?: string;
  readonly hidden?: string;
}

/** A model that looks tokens up in a table, and writes zeros where the mask has some. */
async function modelOf(changes: Changes = {}): Promise<string> {
  const { texts = 'texts', tokens = 'tokens', width = WIDTH, ids = 'input_ids', mask = 'int64' } = changes;
  const graph = new GraphBuilder('table');
  const of = graph.input(ids, 'int64', [texts, tokens]);
  const seen = graph.input('attention_mask', mask, [texts, tokens]);
  if (changes.more !== undefined) graph.input(changes.more, 'int64', [texts, tokens]);
  const table = graph.weight({ kind: 'inline', data: TABLE, shape: [(VOCABULARY * WIDTH) / width, width] });
  const rows = graph.op('Gather', [table, of]);
  const ones = graph.op('Unsqueeze', [graph.op('Cast', [seen], { to: ELEMENT_TYPES.float32 }), graph.integers([2])]);
  graph.output(changes.hidden ?? 'last_hidden_state', graph.op('Mul', [rows, ones]), [texts, tokens, width]);
  const path = join(folder, `${Object.entries(changes).flat().join('-')}.onnx`);
  await writeFile(path, graph.build().bytes);
  return path;
}

const OPTIONS = { tokens: TOKENS, width: WIDTH, threads: 1 };

describe('a text model that is ONNX already', () => {
  it.each<Changes>([{}, { texts: 1 }, { tokens: TOKENS }, { texts: 1, tokens: TOKENS }])(
    'reads texts, the padding out of sight: %o',
    async (changes) => {
      const model = await openOnnxTextModel(await modelOf(changes), OPTIONS);
      const texts = Array.from({ length: 11 }, (_, i) => ({ ids: [i % 5, 4, 3, 2], tokens: 1 + (i % 4) }));
      const read = await model.encode(texts);
      const expected = texts.map(({ ids, tokens }) => ids.flatMap((id, i) => (i < tokens ? [id, 10 * id] : [0, 0])));
      expect(read.map((values) => [...values])).toEqual(expected);
      expect(await model.encode([])).toEqual([]);
      await model.dispose();
    },
  );

  it.each<[Changes, RegExp]>([
    [
      { width: 1 },
      /last_hidden_state is \[texts, tokens, 1\], and should be \[texts, 4, 2\]; export the encoder alone/,
    ],
    [{ tokens: 77 }, /input_ids is \[texts, 77\], and should be \[texts, 4\]; export/],
    [{ texts: 3 }, /input_ids is \[3, tokens\], and should be \[texts, 4\]; export/],
    [{ more: 'decoder_input_ids' }, /takes decoder_input_ids besides input_ids and attention_mask; export/],
    [{ ids: 'tokens_in' }, /takes tokens_in besides input_ids and attention_mask; export/],
    [{ mask: 'float32' }, /attention_mask is float32, and should be int64; export/],
    [{ hidden: 'logits' }, /has no last_hidden_state, but logits; export/],
  ])('is refused: %o', async (changes, message) => {
    await expect(modelOf(changes).then((path) => openOnnxTextModel(path, OPTIONS))).rejects.toThrow(
      expect.objectContaining({ code: 'invalid-model', message: expect.stringMatching(message) }),
    );
  });

  it('is refused where its file is not there, cut short, or no ONNX', async () => {
    const path = await modelOf({ hidden: 'cut' });
    await truncate(path, 100);
    for (const file of [join(folder, 'missing.onnx'), path, folder])
      await expect(openOnnxTextModel(file, OPTIONS)).rejects.toThrow(
        expect.objectContaining({ code: 'invalid-model', message: expect.stringContaining(file) }),
      );
  });
});
