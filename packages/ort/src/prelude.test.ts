import { byName, diffusionSteps, generate, type GenerateOptions, planOf } from '@procache/core';
import { bytesSource, openCheckpoint, openModel, type TransformerModel, writeSafetensors } from '@procache/model';
import { Tensor } from 'onnxruntime-common';
import { beforeAll, describe, expect, it } from 'vitest';
import { interpret } from '../../model/src/testing/onnx-interpreter.ts';
import { tensor } from '../../model/src/testing/plain-tensor.ts';
import { randomNumbers, TINY_TEXT, TINY_TEXT_SIZES, tinyTextTensors } from '../../model/src/testing/tiny-text.ts';
import type { OrtHost } from './host.ts';
import type { PreludeLimits } from './prelude.ts';
import { ortTransformer } from './transformer.ts';

/** A host that interprets graphs, and notes what is opened, run and released. */
function interpreter(): { readonly host: OrtHost; readonly log: string[]; readonly held: Map<Tensor, string> } {
  const log: string[] = [];
  /** What was handed out and not freed, by its name. */
  const held = new Map<Tensor, string>();
  const host: OrtHost = {
    Tensor,
    async open(graph, residence) {
      log.push(`open ${graph.name} ${residence}`);
      const run = await interpret(graph);
      return {
        async run(feeds, outputs) {
          log.push(`run ${graph.name}`);
          const inputs = Object.entries(feeds).map(
            ([name, { dims, data }]) => [name, tensor(dims, Array.from(data as ArrayLike<number>, Number))] as const,
          );
          const made = Object.entries(run(Object.fromEntries(inputs), outputs)).map(([name, { dims, data }]) => {
            const output = new Tensor('float32', Float32Array.from(data), dims);
            held.set(output, name);
            return [name, output] as const;
          });
          return Object.fromEntries(made);
        },
        release: () => {
          log.push(`release ${graph.name}`);
          return Promise.resolve();
        },
      };
    },
    free: (tensor) => {
      expect(held.delete(tensor)).toBe(true);
    },
  };
  return { host, log, held };
}

/** A DiT of 3 blocks, 8 wide, over 4x4 latents of one channel in patches of 2; 4 classes and "no class". */
async function tinyDit(): Promise<TransformerModel> {
  const [depth, width] = [3, 8];
  const shapes: Record<string, number[]> = {
    pos_embed: [1, 4, width],
    'x_embedder.proj.weight': [width, 1, 2, 2],
    'y_embedder.embedding_table.weight': [5, width],
    't_embedder.mlp.0.weight': [width, 16],
    't_embedder.mlp.2.weight': [width, width],
    'final_layer.adaLN_modulation.1.weight': [2 * width, width],
    'final_layer.linear.weight': [4, width],
  };
  for (let i = 0; i < depth; i++) {
    shapes[`blocks.${i}.attn.qkv.weight`] = [3 * width, width];
    shapes[`blocks.${i}.attn.proj.weight`] = [width, width];
    shapes[`blocks.${i}.mlp.fc1.weight`] = [2 * width, width];
    shapes[`blocks.${i}.mlp.fc2.weight`] = [width, 2 * width];
    shapes[`blocks.${i}.adaLN_modulation.1.weight`] = [6 * width, width];
  }
  for (const [name, [out]] of Object.entries(shapes))
    if (name.endsWith('.weight') && !name.startsWith('y_')) shapes[name.replace(/weight$/, 'bias')] = [out!];
  const random = randomNumbers(5);
  const tensors = Object.entries(shapes).map(
    ([name, shape]) => [name, { shape, data: random(shape.reduce((a, b) => a * b)) }] as const,
  );
  const bytes = writeSafetensors(new Map(tensors));
  return openModel(await openCheckpoint(bytesSource('tiny.safetensors', bytes)), { num_heads: 2 });
}

let dit: TransformerModel;
let ofTexts: TransformerModel;

beforeAll(async () => {
  dit = await tinyDit();
  const bytes = writeSafetensors(await tinyTextTensors(3));
  ofTexts = await openModel(await openCheckpoint(bytesSource('text.safetensors', bytes)), {}, [TINY_TEXT]);
});

const { textTokens, textWidth } = TINY_TEXT_SIZES;
const text = (seed: number) => ({ values: randomNumbers(seed)(textTokens * textWidth), tokens: 3 });

/** What all generations of a model here have in common. */
function options(model: TransformerModel, method: string): GenerateOptions {
  return {
    plan: planOf(byName(method, model.topology, 6), model.topology),
    steps: diffusionSteps(6, model.defaults),
    conditions: model === dit ? [0, 3, 0] : [text(1), text(2)],
  };
}

/** A few KB: some graphs hold a block each, no session is kept, and a batch is of one step or two. */
const SMALL: PreludeLimits = { keptBytes: 0, partBytes: 2048, batchBytes: 4000 };

describe.each(['dit', 'texts'])('what large models alone do, by a small model: %s', (family) => {
  const modelOf = () => (family === 'dit' ? dit : ofTexts);

  it.each(['fora-3', 'taylorseer-3-2', 'uncached'])('draws the same at small limits, with %s', async (method) => {
    const model = modelOf();
    const latents: Float32Array[] = [];
    for (const prelude of [{}, SMALL, { ...SMALL, keptBytes: 2 ** 30 }, { batchBytes: 1 }]) {
      const { host, held } = interpreter();
      const transformer = ortTransformer(model, host, { prelude });
      for (let i = 0; i < 2; i++) latents.push((await generate(transformer, options(model, method))).latents);
      // Only their numbers are taken of outputs, and of modulations that are in one piece.
      expect([...held.values()].filter((name) => name !== 'output' && name !== 'modulation')).toEqual([]);
      await transformer.dispose();
    }
    for (const each of latents) expect(each).toEqual(latents[0]);
  });

  it('reads weights for one run of each graph, and lets go of them before those of the steps', async () => {
    const model = modelOf();
    const { host, log } = interpreter();
    const transformer = ortTransformer(model, host, { prelude: { ...SMALL, batchBytes: undefined } });
    await generate(transformer, options(model, 'uncached'));
    const parts = model.modulationGraphs(SMALL.partBytes).length;
    const ofContexts = model.contextGraphs(SMALL.partBytes).length;
    expect(parts + ofContexts).toBeGreaterThan(2);
    const before = log.slice(0, log.indexOf('open step packed'));
    const once = (name: string) => [`open ${name} mapped`, `run ${name}`, `release ${name}`];
    expect(before).toEqual([
      ...Array.from({ length: parts }, () => once('conditioning')).flat(),
      ...Array.from({ length: ofContexts }, () => once('contexts')).flat(),
    ]);
    await transformer.dispose();
  });

  it('keeps the sessions of a small model for the next generation', async () => {
    const model = modelOf();
    const { host, log } = interpreter();
    const transformer = ortTransformer(model, host);
    for (let i = 0; i < 2; i++) await generate(transformer, options(model, 'fora-3'));
    const count = (line: string) => log.filter((each) => each === line).length;
    expect(count('open conditioning packed')).toBe(1);
    expect(count('run conditioning')).toBe(2);
    expect(count('open contexts packed')).toBe(family === 'dit' ? 0 : 1);
    expect(count('release conditioning')).toBe(0);
    await transformer.dispose();
    expect(log.filter((line) => line.startsWith('open'))).toHaveLength(
      log.filter((line) => line.startsWith('release')).length,
    );
  });
});

it('computes modulations batch by batch, as the steps come to them', async () => {
  const perStep = 4 * 2 * dit.stream.entries * dit.stream.width; // two labels
  const { host, log } = interpreter();
  const transformer = ortTransformer(dit, host, { prelude: { batchBytes: 2 * perStep } });
  await generate(transformer, options(dit, 'uncached'));
  expect(log.filter((line) => line.startsWith('run'))).toEqual(
    Array.from({ length: 3 }, () => ['run conditioning', 'run step', 'run step']).flat(),
  );
  await transformer.dispose();
});

it('opens a graph again that could not be opened', async () => {
  const { host, log } = interpreter();
  let broken = true;
  const failing: OrtHost = {
    ...host,
    open: (graph, residence) => (broken ? Promise.reject(new Error('no')) : host.open(graph, residence)),
  };
  const transformer = ortTransformer(dit, failing);
  await expect(generate(transformer, options(dit, 'fora-3'))).rejects.toThrow('no');
  broken = false;
  await generate(transformer, options(dit, 'fora-3'));
  expect(log.filter((line) => line === 'open conditioning packed')).toHaveLength(1);
  await transformer.dispose();
});
