import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as core from './index.ts';
import { referenceTransformer } from './reference/index.ts';
import type { Transformer } from './running/transformer.ts';

const topology: core.Topology = {
  blocks: [
    ['attn', 'mlp'],
    ['attn', 'mlp'],
  ],
  grid: [4, 4],
};
const shape: core.LatentShape = { channels: 2, outChannels: 2, height: 4, width: 4 };
const schedule: core.Schedule = {
  version: 1,
  pattern: '#.+#',
  legend: {
    '+': [
      { do: 'reuse', order: 1 },
      { do: 'refresh', ratio: 0.5, blocks: [1, 1], modules: ['mlp'] },
    ],
  },
  selector: { score: 'attention', age: 0.1, cells: [2, 2], bonus: 0.5 },
  notes: { method: 'by hand' },
};
const plan = core.planOf(schedule, topology);
/** The plan as JSON gives it back, but for the maps that it has none of. */
const copied: core.Plan = { ...plan, steps: plan.steps.map((step) => ({ ...step, ops: [...step.ops] })) };
const steps = core.diffusionSteps(4);
const policy: core.Policy = () => ({ do: 'compute' });
const model = { ...referenceTransformer({ topology }) } as Transformer<unknown>;
const cost: core.ModelCost = {
  topology,
  moduleMultiplyAdds: () => 1,
  embedding: 1,
  head: 1,
  conditioning: 1,
  preparation: 0,
  featureBytes: 4,
  weightBytes: 4,
};
const denoise: core.Denoiser = (latent) => Promise.resolve(latent);
const conditions = { timesteps: steps.timesteps, images: [1] };
const record: core.StepRecord = { step: 0, letter: '#', kind: 'computed', milliseconds: 1, tokens: 0 };
const sizes: core.TransformerSizes = {
  topology,
  hidden: 8,
  patch: 2,
  channels: 2,
  outChannels: 4,
  modulation: 'per-block',
  weightBytes: 8,
};
const latent = new Float32Array(32);

/**
 * Every function that the package exports, with arguments that it takes. Functions and tensors among them no JSON can
 * be.
 */
const calls: Readonly<Record<string, readonly unknown[]>> = {
  branchesOf: [topology],
  branchId: [1, 'mlp'],
  isBranch: ['0.attn'],
  isPack: ['0.attn'],
  isSpan: ['0-1'],
  isStream: ['@1'],
  parseBranch: ['1.mlp'],
  parseSpan: ['0-1'],
  tokensOf: [topology],
  modulesOf: [topology],
  roleOf: [topology, 'attn'],
  letterCounts: ['#.'],
  policyOf: [schedule],
  parseSchedule: [schedule],
  formatSchedule: [schedule],
  parseScheduleText: [JSON.stringify(schedule), 'my.json'],
  checkSchedule: [schedule, topology, 4],
  scheduleOf: [policy, 4, topology, schedule.selector],
  forecastWeights: [[3, 1, 0], 4, 2, 'taylor'],
  uncached: [{ steps: 4 }],
  fora: [{ steps: 4, interval: 2 }],
  toca: [{ topology, steps: 4, interval: 2, ratio: 0.1 }],
  duca: [{ topology, steps: 4, interval: 2, ratio: 0.1 }],
  taylorseer: [{ steps: 4, interval: 2, order: 1, first: 1 }],
  taylorseerLite: [{ topology, steps: 4, interval: 2, order: 1, first: 1 }],
  procache: [{ topology, steps: 4, pattern: '#..#', ratio: 0.1 }],
  procachePublished: [{ topology, steps: 50 }],
  injectSelective: ['#..', '+'],
  byName: ['procache', topology, 4, { pattern: '#..#', ratio: 0.1 }],
  isMethod: ['fora-3'],
  methodsTaking: ['ratio'],
  lower: [policy, 4, topology, schedule.selector],
  planOf: [schedule, topology],
  hoist: [copied],
  branchesWithin: [0, 1, topology.blocks],
  readsOf: [copied.steps[1]!.ops],
  writesOf: [copied.steps[0]!.ops],
  programOf: [copied.steps[0]!.ops, { score: 'attention' }],
  programsOf: [copied],
  describe: [copied],
  describeStep: [copied.steps[2]],
  describeLines: [copied, 80],
  planLegend: [copied, 80],
  costOf: [copied, cost, 2],
  letterCosts: [copied, cost, 2],
  transformerCost: [sizes],
  createSelector: [schedule.selector, { grid: [4, 4], images: 2, seed: 1 }],
  withDenoiser: [
    { transformer: model, plan, conditions, seed: 1, pictures: 1 },
    (own: core.Denoiser) => own(latent, 0),
  ],
  cachedOutput: [denoise, '#..', { order: 1, forecast: 'lagrange' }],
  cumulativeAlphas: [{ trainTimesteps: 10, betaStart: 0.1, betaEnd: 0.2 }],
  diffusionSteps: [4, { trainTimesteps: 10, rule: 'leading', stepsOffset: 1 }],
  timestepsOf: [4, 'leading', { trainTimesteps: 10, stepsOffset: 1 }],
  levelOfAlpha: [0.5],
  straightLevel: [0.5, 'image'],
  samplersOf: ['sit'],
  rulesOf: ['diffusion', 'dpm++'],
  injectsNoise: ['ddim', 0.5],
  checkSde: [{ form: 'linear', norm: 1 }],
  doubled: [[1, 2], 10],
  sample: [denoise, latent, steps, { shape, sampler: 'ddim', eta: 0, clip: { range: 1 } }],
  predictionOf: [latent, latent, steps.levels[0], { shape, kind: 'epsilon', clip: { range: 1 } }],
  trajectoryOf: [model, { steps, conditions: [1, 2], seeds: [1, 2], sampler: 'ddim', eta: 0 }],
  guided: [denoise, 2, { shape, channels: 2 }],
  gaussian: [1, 4],
  gaussians: [1],
  uniforms: [1],
  noiseStreams: [[1, 2]],
  seedsOf: [1, 2],
  kindOf: [copied.steps[0]],
  median: [[1, 2]],
  recordSteps: [() => 0],
  summarise: [[record]],
  identityDecoder: [{ channels: 1, height: 4, width: 4, valueRange: [-1, 1] }],
  generate: [
    model,
    {
      plan,
      steps,
      conditions: [1],
      guidance: { scale: 2, unconditional: 3, channels: 2 },
      sampler: 'ddim',
      eta: 0,
      seeds: [1],
    },
  ],
  nearest: ['fora', ['toca', 'fora']],
};

const functions = Object.entries(core).filter(
  ([, value]) => typeof value === 'function' && !/^class /.test(Function.prototype.toString.call(value)),
);

test('every function is tried', () => {
  expect(Object.keys(calls).sort()).toEqual(functions.map(([name]) => name).sort());
});

let deep: unknown = 0;
for (let i = 0; i < 100_000; i++) deep = [deep];
const circle: unknown[] = [];
circle.push({ circle });

/** What a JSON file may hold where something else is expected. */
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    0,
    -1,
    0.5,
    1e9,
    1e308,
    2 ** 53,
    '',
    'x',
    '#',
    '__proto__',
    [],
    {},
    [[]],
    [null],
    { length: -1 },
    { length: 1e9 },
  ),
  fc.constantFrom<unknown>(
    { toString: 1, valueOf: 1 },
    { toString: null },
    JSON.parse('{"__proto__": {"steps": 1}}'),
    { then: 1 },
    deep,
    circle,
    'x'.repeat(100_000),
    new Array(10).fill({}),
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** The same value with one part of it, or all of it, replaced. Functions and tensors stay. */
function spoiled(value: unknown, path: readonly number[], by: unknown): unknown {
  if (typeof value === 'function' || ArrayBuffer.isView(value) || value === model) return value;
  const [at, ...rest] = path;
  if (typeof value !== 'object' || value === null || value instanceof Map || at === undefined) return by;
  const keys = Object.keys(value);
  const key = keys[at % (keys.length + 2)];
  if (key === undefined)
    return at % 2 === 0 ? by : Array.isArray(value) ? [...(value as unknown[]), by] : { ...value, extra: by };
  const part = spoiled((value as Record<string, unknown>)[key], rest, by);
  return Array.isArray(value) ? value.with(Number(key), part) : { ...value, [key]: part };
}

type Own = (...values: readonly unknown[]) => unknown;

const tries = fc.record({ argument: fc.nat(9), path: fc.array(fc.nat(20), { maxLength: 6 }), by: hostile });

test.each(functions)('whatever JSON it is given, %s throws nothing but a ProCacheError', async (name, own) => {
  const args = calls[name]!;
  await (own as Own)(...args); // what it takes is taken
  await fc.assert(
    fc.asyncProperty(tries, async ({ argument, path, by }) => {
      const at = argument % args.length;
      const given = args.with(at, spoiled(args[at], path, by));
      try {
        await (own as Own)(...given);
      } catch (cause) {
        if (!(cause instanceof core.ProCacheError)) throw cause;
        expect(cause.message.length).toBeLessThan(2000);
      }
    }),
    { numRuns: 300 },
  );
});
