import { describe, expect, test } from 'vitest';
import * as core from './index.ts';
import { referenceTransformer } from './reference/index.ts';

const topology: core.Topology = {
  blocks: [
    ['attn', 'mlp'],
    ['attn', 'mlp'],
  ],
  grid: [4, 4],
};
const model = referenceTransformer({ topology });
const shape = model.latent;
const steps = core.diffusionSteps(4);
const plan = core.planOf(core.uncached({ steps: 4 }), topology);
const guidance = { scale: 2, unconditional: 3, channels: 2 };
const denoise: core.Denoiser = (latent) => Promise.resolve(latent);
const latent = new Float32Array(32);
const noise: core.NoiseSource = (_, length) => new Float32Array(length);
const conditions = { timesteps: steps.timesteps, images: [1] };

/** Everything that takes an object of options, by the name that the message begins with, with options that it takes. */
const takers: readonly (readonly [name: string, take: (options: never) => unknown, options: object])[] = [
  ['uncached', core.uncached, { steps: 4 }],
  ['fora', core.fora, { steps: 4 }],
  ['toca', core.toca, { topology, steps: 4 }],
  ['duca', core.duca, { topology, steps: 4 }],
  ['taylorseer', core.taylorseer, { steps: 4 }],
  ['taylorseerLite', core.taylorseerLite, { topology, steps: 4 }],
  ['procache', core.procache, { topology, steps: 4, pattern: '#..#' }],
  ['procachePublished', core.procachePublished, { topology, steps: 50 }],
  ['options', (own) => core.byName('procache', topology, 50, own), {}],
  [
    'sizes',
    core.transformerCost,
    { topology, hidden: 8, patch: 2, channels: 2, outChannels: 2, modulation: 'shared', weightBytes: 1 },
  ],
  ['schedule.selector', (own) => core.createSelector(own, { grid: [4, 4], images: 1, seed: 0 }), { score: 'random' }],
  ['createSelector', (own) => core.createSelector({ score: 'random' }, own), { grid: [4, 4], images: 1, seed: 0 }],
  ['cachedOutput', (own) => core.cachedOutput(denoise, '#.', own), { order: 1 }],
  ['diffusionSteps', (own) => core.diffusionSteps(4, own), { rule: 'leading', guidanceChannels: 3 }],
  ['timestepsOf', (own) => core.timestepsOf(4, 'leading', own), { stepsOffset: 1 }],
  ['guided', (own) => core.guided(denoise, 2, own), { shape, channels: 2 }],
  ['sample', (own) => core.sample(denoise, latent, steps, own), { shape, noise }],
  ['clip', (own) => core.sample(denoise, latent, steps, { shape, clip: own }), { range: 1 }],
  ['predictionOf', (own) => core.predictionOf(latent, latent, steps.levels[0]!, own), { shape, kind: 'epsilon' }],
  ['trajectoryOf', (own) => core.trajectoryOf(model, own), { steps, conditions: [1] }],
  ['withDenoiser', (own) => core.withDenoiser(own, () => Promise.resolve(0)), { transformer: model, plan, conditions }],
  [
    'conditions',
    (own) => core.withDenoiser({ transformer: model, plan, conditions: own }, () => Promise.resolve(0)),
    conditions,
  ],
  ['generate', (own) => core.generate(model, own), { plan, steps, conditions: [1] }],
  ['guidance', (own) => core.generate(model, { plan, steps, conditions: [1], guidance: own }), guidance],
];

describe('options', () => {
  test.each(takers)(
    'of %s: what it takes is taken, and a field that nobody reads is refused by its name',
    async (name, take, options) => {
      const attempt = async (own: object) => take(own as never);
      await expect(attempt(options)).resolves.toBeDefined();
      await expect(attempt({ ...options, timestepRule: 'leading' })).rejects.toMatchObject({
        name: 'ProCacheError',
        message: expect.stringContaining(`${name}: unknown key "timestepRule"`),
      });
    },
  );

  test("a rule by another name does not become the default's timesteps", () => {
    const defaults = { timestepRule: 'leading', trainTimesteps: 1000 };
    expect(() => core.diffusionSteps(5, defaults)).toThrow('diffusionSteps: unknown key "timestepRule"');
    expect(core.diffusionSteps(5, { rule: 'leading', trainTimesteps: 1000 }).timesteps).toEqual([
      800, 600, 400, 200, 0,
    ]);
  });
});
