import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  byName,
  checkSchedule,
  diffusionSteps,
  gaussian,
  generate,
  type Schedule,
  type TextEmbedding,
  type Transformer,
  withDenoiser,
} from '@procache/core';
import { referenceTransformer } from '@procache/core/reference';
import { guidanceOf, openCheckpoint, openModel, type TransformerModel, writeSafetensors } from '@procache/model';
import { openPlainModel, type OrtHost, ortTransformer } from '@procache/ort';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type FloatTensors,
  randomNumbers,
  TINY_TEXT,
  TINY_TEXT_SIZES,
  tinyTextTensors,
} from '../../model/src/testing/tiny-text.ts';
import { TinyTextNetwork } from '../../model/src/testing/tiny-text-network.ts';
import { type FileSource, openFile } from './file-source.ts';
import { nodeHost } from './host.ts';

const { textTokens, textWidth } = TINY_TEXT_SIZES;
let folder: string;
let file: FileSource;
let tensors: FloatTensors;
let model: TransformerModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'text-family-'));
  tensors = await tinyTextTensors(7);
  await writeFile(join(folder, 'model.safetensors'), writeSafetensors(tensors));
  file = await openFile(join(folder, 'model.safetensors'));
  model = await openModel(await openCheckpoint(file), {}, [TINY_TEXT]);
});

afterAll(async () => {
  await file.close();
  await rm(folder, { recursive: true });
});

const text = (seed: number, tokens: number): TextEmbedding => ({
  values: randomNumbers(seed)(textTokens * textWidth),
  tokens,
});
const [cat, dog] = [text(3, 2), text(5, 4)];

/** A host that notes what is opened. */
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

const schedules: Readonly<Record<string, Schedule>> = {
  'everything computed': { version: 1, pattern: '####', legend: {} },
  'branches reused': { version: 1, pattern: '#.#.', legend: {} },
  'forecasts of branches and of the stack': {
    version: 1,
    pattern: '##-=',
    legend: { '-': [{ do: 'reuse', order: 1 }], '=': [{ do: 'reuse', span: [0, 1] }] },
  },
  'tokens of cross and mlp refreshed': {
    version: 1,
    pattern: '#++.',
    legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.5, modules: ['cross', 'mlp'] }] },
    selector: { score: 'random', bonus: 0 },
  },
  'tokens chosen by the entropy of attention to the text, and in the middle of a step': {
    version: 1,
    pattern: '#++#',
    legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.5, modules: ['cross', 'mlp'] }] },
    selector: { score: 'cross-attention-entropy', age: 0.05, cells: [1, 3], bonus: 0.4 },
  },
  'tokens of one module chosen by that entropy': {
    version: 1,
    pattern: '#+-+',
    legend: {
      '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.34, modules: ['mlp'] }],
      '-': [{ do: 'reuse' }, { do: 'compute', modules: ['cross'] }],
    },
    selector: { score: 'cross-attention-entropy', bonus: 0 },
  },
  'tokens of all modules refreshed': {
    version: 1,
    pattern: '#+#+',
    legend: { '+': [{ do: 'refresh', ratio: 0.34 }] },
    selector: { score: 'token-norm', bonus: 0 },
  },
};

describe('a family that draws texts', () => {
  it('opens through the list of families, which without it does not know the model', async () => {
    expect(model).toMatchObject({
      family: 'tiny-text',
      latent: { channels: 2, outChannels: 2, height: 4, width: 6 },
      topology: { grid: [2, 3] },
      takes: { kind: 'texts', tokens: 5, width: 6 },
    });
    expect(model.contexts.map(({ name }) => name)).toEqual([
      '0.cross keys',
      '0.cross values',
      '1.cross keys',
      '1.cross values',
    ]);
    await expect(openModel(await openCheckpoint(file))).rejects.toThrow('not of a supported model');
  });

  it.each(
    Object.entries(schedules).flatMap(([name, schedule]) => [1, 3].map((scale) => [name, scale, schedule] as const)),
  )('draws with %s at guidance %d what plain arrays draw', async (_, scale, schedule) => {
    const options = {
      plan: checkSchedule(schedule, model.topology),
      steps: diffusionSteps(schedule.pattern.length, model.defaults),
      conditions: [cat, dog, cat],
      guidance: guidanceOf(model, scale),
      seeds: [1, 2, 3],
    };
    const transformers = [false, true].map((joined) =>
      ortTransformer(model, nodeHost({ threads: 1 }), joined ? { joinsFrom: 0 } : {}),
    );
    const plain = referenceTransformer({
      topology: model.topology,
      network: (conditions) => new TinyTextNetwork(tensors, conditions),
    });
    const expected = (await generate(plain, options)).latents;
    for (const transformer of transformers) {
      const { latents } = await generate(transformer, options);
      latents.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 3));
      await transformer.dispose();
    }
    expect(plain.live).toBe(0);
  });

  it.each(['fora-3', 'toca-3', 'duca-3', 'taylorseer-3-2', 'taylorseer-lite-3-1', 'procache-published'])(
    'says by the method %s at each step what plain arrays say',
    async (name) => {
      const plan = checkSchedule(byName(name, model.topology, 20), model.topology);
      const conditions = {
        timesteps: diffusionSteps(20, model.defaults).timesteps,
        images: [cat, dog, { ...dog, tokens: 1 }, dog],
      };
      const { channels, height, width } = model.latent;
      const latentAt = (step: number) => gaussian(step, conditions.images.length * channels * height * width);
      const outputsOf = async <T>(transformer: Transformer<T>): Promise<readonly (readonly number[])[]> =>
        withDenoiser({ transformer, plan, conditions }, async (denoise) => {
          const outputs: number[][] = [];
          for (let step = 0; step < 20; step++) outputs.push([...(await denoise(latentAt(step), step))]);
          return outputs;
        });
      const plain = referenceTransformer({
        topology: model.topology,
        network: (asked) => new TinyTextNetwork(tensors, asked),
      });
      const transformer = ortTransformer(model, nodeHost({ threads: 1 }));
      const [expected, outputs] = [await outputsOf(plain), await outputsOf(transformer)];
      outputs.forEach((output, step) =>
        output.forEach((value, i) => expect(value, `step ${step}`).toBeCloseTo(expected[step]![i]!, 3)),
      );
      await transformer.dispose();
    },
  );

  it('is the plain model where everything is computed', async () => {
    const host = nodeHost({ threads: 1 });
    const outputs: Float32Array[] = [];
    const listening: OrtHost = {
      get Tensor() {
        return host.Tensor;
      },
      async open(graph, residence) {
        const session = await host.open(graph, residence);
        return {
          async run(feeds, names) {
            const results = await session.run(feeds, names);
            outputs.push(Float32Array.from(results['output']!.data as Float32Array));
            return results;
          },
          release: () => session.release(),
        };
      },
      free: (tensor) => host.free(tensor),
    };
    const conditions = [cat, dog, { ...dog, tokens: 1 }];
    const plainModel = await openPlainModel(listening, model, { conditions, timestep: 500 });
    await plainModel.close();
    const { channels, height, width } = model.latent;
    const transformer = ortTransformer(model, host);
    const expected = await withDenoiser(
      {
        transformer,
        plan: checkSchedule({ version: 1, pattern: '#', legend: {} }, model.topology),
        conditions: { timesteps: [500], images: conditions },
      },
      (denoise) => denoise(gaussian(0, conditions.length * channels * height * width), 0),
    );
    expect(outputs).toHaveLength(1);
    outputs[0]!.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));
    await transformer.dispose();
  });

  it('reads each text once, and knows it by its numbers', async () => {
    const { host, runs } = recording();
    const transformer = ortTransformer(model, host);
    const plan = checkSchedule(schedules['everything computed']!, model.topology);
    const steps = diffusionSteps(4, model.defaults);
    const shorter = { ...dog, tokens: 1 };
    const draw = async (conditions: readonly TextEmbedding[]) =>
      (
        await generate(transformer, {
          plan,
          steps,
          conditions,
          seeds: conditions.map(() => 1),
          guidance: guidanceOf(model, 2),
        })
      ).latents;
    const latents = await draw([cat, dog, shorter, dog]);
    expect(runs.filter((run) => !run.startsWith('step'))).toEqual(['conditioning 4', 'contexts 3']); // with "nothing"
    expect(runs.filter((run) => run.startsWith('step'))).toHaveLength(4);
    const image = (n: number) => latents.slice((n * latents.length) / 4, ((n + 1) * latents.length) / 4);
    expect(image(3)).toEqual(image(1)); // one text, one seed
    expect(image(2)).not.toEqual(image(1)); // the same text, but for its padding
    const alone = await draw([shorter]);
    alone.forEach((value, i) => expect(value).toBeCloseTo(image(2)[i]!, 5));
    await transformer.dispose();
  });

  it('does not see padding', async () => {
    const transformer = ortTransformer(model, nodeHost({ threads: 1 }));
    const plan = checkSchedule(schedules['branches reused']!, model.topology);
    const padded = {
      values: cat.values.map((value, i) => (i < cat.tokens * textWidth ? value : 99)),
      tokens: cat.tokens,
    };
    const draws = [cat, padded].map((condition) =>
      generate(transformer, { plan, steps: diffusionSteps(4, model.defaults), conditions: [condition] }),
    );
    const [one, other] = await Promise.all(draws);
    expect(other!.latents).toEqual(one!.latents);
    await transformer.dispose();
  });

  it.each<[string, unknown, string]>([
    ['a class', 3, 'the model draws texts, not classes such as 3; a text of the model is 5 tokens of 6 numbers'],
    ['a text of another size', { values: new Float32Array(7), tokens: 1 }, 'a text has 7 numbers; a text of'],
    ['more tokens than there are', { ...text(1, 1), tokens: 6 }, 'a text says that 6 of its tokens are no padding'],
  ])('refuses %s before anything is computed', async (_, condition, message) => {
    const { host, runs } = recording();
    const transformer = ortTransformer(model, host);
    const plan = checkSchedule(schedules['branches reused']!, model.topology);
    await expect(
      generate(transformer, {
        plan,
        steps: diffusionSteps(4, model.defaults),
        conditions: [condition as TextEmbedding],
      }),
    ).rejects.toThrow(message);
    expect(runs).toEqual([]);
    await transformer.dispose();
  });
});
