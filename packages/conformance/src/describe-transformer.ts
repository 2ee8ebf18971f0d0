import {
  diffusionSteps,
  doubled,
  generate,
  guided,
  planOf,
  sample as sampleLatents,
  seedsOf,
  type Schedule,
  type Tokens,
  uncached,
  withDenoiser,
} from '@procache/core';
import type { ConfigJson } from '@procache/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend, Opened } from './backend.ts';
import { describeFeatures } from './describe-features.ts';
import { describeOblong } from './describe-oblong.ts';
import { describePixArt } from './describe-pixart.ts';
import { describeScores } from './describe-scores.ts';
import { describeSit } from './describe-sit.ts';
import { describeTextForwards } from './describe-text-forwards.ts';
import { largestDifference, largestMagnitude } from './distance.ts';
import { fixture, tensorsOf } from './fixtures.ts';
import { GOLDEN_CASES } from './golden-cases.ts';

/** The head count that the golden DiT's own file does not record. */
const GOLDEN_CONFIG: ConfigJson = { num_heads: 4, num_classes: 10 };
const STEPS = diffusionSteps(50);

/** The suite that every backend passes. */
export function describeTransformer(name: string, backend: Backend): void {
  describeEvaluations(name, backend);
  describe(`${name}: the golden cases of the original DiT`, () => describeGoldenCases(backend));
  describe(`${name}: SiT`, () => describeSit(backend));
  describe(`${name}: the golden run of PixArt`, () => describePixArt(backend));
  describe(`${name}: what holds for every schedule`, () => describeInvariants(backend));
}

/** What of it takes few evaluations: for devices on which one takes seconds. */
export function describeEvaluations(name: string, backend: Backend): void {
  describe(`${name}: a diffusers DiT, one evaluation`, () => describeModule(backend));
  describe(`${name}: diffusers' PixArt, one evaluation`, () => describeTextForwards(backend));
  describe(`${name}: the features`, () => describeFeatures(backend));
  describe(`${name}: the tokens of each score`, () => describeScores(backend));
  describe(`${name}: a latent that is not square`, () => describeOblong(backend));
}

function describeModule({ open }: Backend): void {
  it('is within 1e-4 of the official output', async () => {
    const expected = await tensorsOf('modules/dit/expected.safetensors');
    const transformer = await open(fixture('modules/dit'));
    const output = expected.names.find((tensor) => tensor.startsWith('output'))!;
    const [latent, timesteps, labels] = await Promise.all(
      ['input.sample', 'input.timestep', 'input.class_labels'].map((tensor) => expected.floats(tensor)),
    );
    // One timestep for each image: evaluate each image at its own.
    const plan = planOf(uncached({ steps: timesteps!.length }), transformer.topology);
    const size = latent!.length / labels!.length;
    const wanted = await expected.floats(output);
    const stride = wanted.length / labels!.length;
    for (const [image, timestep] of timesteps!.entries()) {
      const conditions = { timesteps: Array.from(timesteps!, () => timestep), images: [labels![image]!] };
      const got = await withDenoiser({ transformer, plan, conditions }, (denoise) =>
        denoise(latent!.slice(image * size, (image + 1) * size), 0),
      );
      const own = wanted.slice(image * stride, (image + 1) * stride);
      expect(largestDifference(got, own)).toBeLessThanOrEqual(1e-4 * largestMagnitude(wanted));
    }
    await transformer.dispose();
  });
}

function describeGoldenCases({ open }: Backend): void {
  let transformer: Opened;
  let noise: Float32Array;
  let labels: number[];
  let full: Float32Array;

  beforeAll(async () => {
    transformer = await open(fixture('dit/model.safetensors'), GOLDEN_CONFIG);
    const start = await tensorsOf('dit/noise.safetensors');
    noise = await start.floats('noise');
    labels = Array.from(await start.floats('labels'));
    full = lastOf(await (await tensorsOf('dit/full/expected.safetensors')).floats('trajectory'), noise.length);
  });
  afterAll(() => transformer.dispose());

  it.for(Object.entries(GOLDEN_CASES))(
    '%s: the official latents and the official tokens',
    async ([name, scheduleOf], { annotate }) => {
      const expected = await tensorsOf(`dit/${name}/expected.safetensors`);
      const trajectory = await expected.floats('trajectory');
      const { latents, tokens } = await sample(transformer, scheduleOf(transformer.topology), { noise, labels });

      const final = lastOf(trajectory, noise.length);
      // the uncached case is compared to its own size
      const effect = largestDifference(final, full) || largestMagnitude(full);
      const error = largestDifference(latents.at(-1)!, final);
      await annotate(
        `error ${error.toExponential(2)}, ${((100 * error) / effect).toFixed(4)} % of ${effect.toFixed(3)}`,
      );
      expect(error).toBeLessThanOrEqual(0.01 * effect);
      // On the way there the latents agree as well.
      for (const step of [0, 10, 25, 40]) {
        const wanted = trajectory.slice(step * noise.length, (step + 1) * noise.length);
        expect(largestDifference(latents[step]!, wanted)).toBeLessThanOrEqual(1e-3 * largestMagnitude(wanted));
      }

      const chosen = expected.names.filter(
        (tensor) => tensor.startsWith('tokens.') && !expected.shape(tensor).includes(0),
      );
      expect([...tokens.keys()].sort()).toEqual([...chosen].sort());
      for (const tensor of chosen)
        expect(Array.from(tokens.get(tensor)!.indices), tensor).toEqual(Array.from(await expected.floats(tensor)));
    },
  );
}

/** The latent after each step, and the tokens chosen, under the names that the fixtures give them. */
async function sample(
  model: Opened,
  schedule: Schedule,
  { noise, labels }: { noise: Float32Array; labels: readonly number[] },
) {
  const tokens = new Map<string, Tokens>();
  const latents: Float32Array[] = [];
  const conditions = { timesteps: STEPS.timesteps, images: doubled(labels, 10) };
  const shape = model.latent;
  await withDenoiser(
    {
      transformer: model,
      plan: planOf(schedule, model.topology),
      conditions,
      onEvaluated: (event) =>
        event.tokens.forEach((chosen, branch) => tokens.set(`tokens.${event.step}.${Number.parseInt(branch)}`, chosen)),
    },
    (denoise) =>
      sampleLatents(guided(denoise, 1.5, { shape, channels: model.model.defaults.guidanceChannels }), noise, STEPS, {
        shape,
        onStep: ({ latent }) => void latents.push(latent),
      }),
  );
  return { latents, tokens };
}

function lastOf(trajectory: Float32Array, length: number): Float32Array {
  return trajectory.slice(-length);
}

function describeInvariants({ open }: Backend): void {
  let transformer: Opened;
  const steps = diffusionSteps(8);
  const run = (schedule: Schedule, options: { labels?: readonly number[]; seed?: number } = {}) =>
    generate(transformer, {
      plan: planOf(schedule, transformer.topology),
      steps,
      conditions: options.labels ?? [3, 7],
      seeds: seedsOf(options.seed ?? 5, (options.labels ?? [3, 7]).length),
      guidance: { scale: 2, unconditional: 10, channels: 3 },
    }).then(({ latents }) => latents);
  const selective: Schedule = {
    version: 1,
    pattern: '#.+#.+.#',
    legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.25, blocks: [21, 27], modules: ['mlp'] }] },
  };

  beforeAll(async () => {
    transformer = await open(fixture('dit/model.safetensors'), GOLDEN_CONFIG);
  });
  afterAll(() => transformer.dispose());

  it('a schedule that computes everything equals the uncached run bit for bit', async () => {
    const every = { version: 1, pattern: 'aaaaaaaa', legend: { a: [{ do: 'compute' }] } } as const;
    expect(await run(every)).toEqual(await run(uncached({ steps: 8 })));
  });

  it('the uncached run is the same beside a cached one that shares its graphs', async () => {
    const alone = await run(uncached({ steps: 8 }));
    const plans = [uncached({ steps: 8 }), selective].map((schedule) => planOf(schedule, transformer.topology));
    await transformer.prepare(plans);
    const [beside] = [await run(uncached({ steps: 8 })), await run(selective)];
    await transformer.prepare([]);
    expect(beside).toEqual(alone);
  });

  it('the same seed gives the same latents, whatever ran in between', async () => {
    const first = await run(selective);
    await run(uncached({ steps: 8 }), { seed: 99 });
    expect(await run(selective)).toEqual(first);
  });

  it('two generations at once do not disturb each other', async () => {
    const alone = [await run(selective, { seed: 1 }), await run(uncached({ steps: 8 }), { seed: 2 })];
    expect(await Promise.all([run(selective, { seed: 1 }), run(uncached({ steps: 8 }), { seed: 2 })])).toEqual(alone);
  });

  it('an image does not depend on the others of its batch', async () => {
    const [alone, both] = [await run(selective, { labels: [3] }), await run(selective, { labels: [3, 7] })];
    expect(largestDifference(both.slice(0, alone.length), alone)).toBeLessThanOrEqual(1e-5 * largestMagnitude(alone));
  });

  it('attention can be refreshed in part, and in full for all tokens is as good as computing it', async () => {
    const refreshAll = (rule: object): Schedule =>
      ({ version: 1, pattern: '#aaa#aaa', legend: { a: [{ do: 'reuse' }, rule] } }) as Schedule;
    const branch = { blocks: [27, 27] as const, modules: ['attn'] };
    const [refreshed, computed] = [
      await run(refreshAll({ do: 'refresh', ratio: 1, ...branch })),
      await run(refreshAll({ do: 'compute', ...branch })),
    ];
    expect(largestDifference(refreshed, computed)).toBeLessThanOrEqual(1e-4 * largestMagnitude(computed));
  });

  it('labels outside the classes are refused by name and number', async () => {
    await expect(run(uncached({ steps: 8 }), { labels: [12] })).rejects.toThrow(
      "label 12 is outside the model's 10 classes; labels are 0 to 9",
    );
  });

  it('an aborted generation ends before the next step, and the transformer goes on working', async () => {
    const controller = new AbortController();
    const plan = planOf(selective, transformer.topology);
    let taken = 0;
    const aborted = generate(transformer, {
      plan,
      steps,
      conditions: [1],
      signal: controller.signal,
      onStep: ({ step }) => {
        taken = step + 1;
        if (step === 2) controller.abort();
      },
    });
    await expect(aborted).rejects.toThrow(/abort/i);
    expect(taken).toBe(3);
    await run(selective);
  });
}
