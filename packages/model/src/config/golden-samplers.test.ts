/// <reference types="node" />
import { readdirSync, readFileSync } from 'node:fs';
import {
  cumulativeAlphas,
  type DiffusionSteps,
  diffusionSteps,
  type ForwardProcess,
  type LastStep,
  type LatentShape,
  sample,
  type SdeSettings,
  timestepsOf,
} from '@procache/core';
import { describe, expect, it, test } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import { ModelConfig } from './model-config.ts';
import { samplingProcess } from './sampling-process.ts';

// Trajectories, betas and timesteps of diffusers' schedulers, on a model that is a formula
// (packages/core/fixtures/samplers/README.md).

const fixtures = new URL('../../../core/fixtures/samplers/', import.meta.url);
const textOf = (name: string) => readFileSync(new URL(name, fixtures), 'utf8');

interface Tensors {
  has(name: string): boolean;
  floats(name: string): Promise<Float32Array>;
}

async function tensorsOf(name: string): Promise<Tensors> {
  const { tensors } = await openCheckpoint(bytesSource(name, new Uint8Array(readFileSync(new URL(name, fixtures)))));
  return { has: (tensor) => tensors.has(tensor), floats: (tensor) => readFloats(tensors.get(tensor)!) };
}

/** What a pipeline with this scheduler_config.json draws with. */
const processOf = (scheduler: string, learnsVariance: boolean) =>
  samplingProcess(ModelConfig.parse({ scheduler }).read(), { rule: 'original', learnsVariance });

const { coefficients } = JSON.parse(textOf('model.json')) as { coefficients: Readonly<Record<string, number>> };
const c = (name: string): number => coefficients[name]!;
const plain: LatentShape = { channels: 4, outChannels: 4, height: 8, width: 8 };

/** The models of model.json, of a number of the latent, the timestep and the channel. */
const FORMULAS: Readonly<Record<string, (x: number, t: number, channel: number) => number>> = {
  eps: (x, t, channel) =>
    (c('e0') + (c('e1') * t) / 1000) * x +
    c('e2') * (1 - t / 1000) * Math.sin(t / c('w') + channel) +
    c('e3') * (1 - t / 1000) * Math.tanh(x),
  v: (x, t, channel) => c('v0') * x + c('v1') * Math.sin(t / c('w') + channel),
  x0: (x, t, channel) => c('x0') * Math.tanh(x) + c('x1') * Math.sin(t / c('w') + channel),
  flow: (x, t, channel) => c('f0') * x + c('f1') * Math.sin(t / c('w') + channel),
  sit: (x, t, channel) => c('f0') * x + c('f1') * Math.sin(c('wf') * t + channel),
};

/** One of these models; with twice the channels the rest is the variance of `eps+var`. */
function modelOf(
  formula: (x: number, t: number, channel: number) => number,
  steps: DiffusionSteps,
  { channels, outChannels, height, width }: LatentShape,
): (latent: Float32Array, step: number) => Promise<Float32Array> {
  const pixels = height * width;
  return (latent, step) => {
    const t = steps.timesteps[step]!;
    const output = new Float32Array((latent.length / channels) * outChannels);
    latent.forEach((x, i) => {
      const [image, channel, pixel] = [
        Math.floor(i / (channels * pixels)),
        Math.floor(i / pixels) % channels,
        i % pixels,
      ];
      const at = (image * outChannels + channel) * pixels + pixel;
      output[at] = formula(x, t, channel);
      if (outChannels > channels) output[at + channels * pixels] = c('g0') * Math.sin(x + t / (2 * c('w')) + channel);
    });
    return Promise.resolve(output);
  };
}

interface Case {
  readonly model: string;
  readonly tolerance: Readonly<Record<number, { readonly relative: number }>>;
  readonly settings?: {
    readonly diffusion_form: SdeSettings['form'];
    readonly diffusion_norm: number;
    readonly last_step: string | null;
    readonly last_step_size?: number;
  };
}

const caseOf = (name: string) => JSON.parse(textOf(`${name}/case.json`)) as Case;

interface Run {
  readonly steps: DiffusionSteps;
  /** How many points the case counts: under whose name its numbers stand. */
  readonly count: number;
  readonly shape?: LatentShape;
  /** The steps after which the case tells the latent. */
  readonly told?: (step: number) => boolean;
  /** What the latent after a step is multiplied by in the case. */
  readonly scale?: ((step: number) => number) | undefined;
}

/** The largest difference from a case's latents, over the largest of them, step by step; and what the tolerance is. */
async function errorsOf(
  name: string,
  { steps, count, shape = plain, told = () => true, scale = () => 1 }: Run,
): Promise<{ readonly error: number; readonly relative: number; readonly seen: number }> {
  const { model, tolerance } = caseOf(name);
  const expected = await tensorsOf(`${name}/expected.safetensors`);
  const latents = await expected.floats(`steps${count}.latents`);
  const injected = expected.has(`steps${count}.noise`) ? await expected.floats(`steps${count}.noise`) : undefined;
  let [error, seen] = [0, 0];
  const onStep = ({ step, latent }: { step: number; latent: Float32Array }) => {
    if (!told(step)) return;
    const right = latents.subarray(seen * latent.length, (seen + 1) * latent.length);
    const largest = right.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    latent.forEach((x, i) => (error = Math.max(error, Math.abs(scale(step) * x - right[i]!) / largest)));
    seen++;
  };
  const noise = injected && ((step: number, length: number) => injected.subarray(step * length, (step + 1) * length));
  const denoise = modelOf(FORMULAS[model.replace('+var', '')]!, steps, shape);
  await sample(denoise, await expected.floats('input.latents'), steps, { shape, noise, onStep });
  return { error, relative: tolerance[count]!.relative, seen };
}

/** The cases that a scheduler_config.json of diffusers describes, and that are followed. */
const FOLLOWED = [
  'ddim-default',
  'ddim-leading',
  'ddim-linspace',
  'ddim-trailing',
  'ddim-alpha-not-one',
  'ddim-v',
  'ddim-sample',
  'ddim-zero-snr',
  'ddpm-clip',
  'ddpm-fixed-large',
  'ddpm-fixed-large-trailing',
  'ddpm-fixed-small',
  'ddpm-learned-range',
  'dpm-default',
  'dpm-euler-at-final',
  'dpm-heun',
  'dpm-karras',
  'dpm-leading',
  'dpm-lower-final-off',
  'dpm-order1',
  'dpm-sample',
  'dpm-sigma-min',
  'dpm-sigma-min-lower-final-off',
  'dpm-trailing',
  'dpm-v',
  'euler-karras',
  'euler-leading',
  'euler-linspace',
  'euler-trailing',
  'euler-v',
  'flow-shift1',
  'flow-shift3',
  'unipc-bh1',
  'unipc-bh2',
  'unipc-trailing',
];

/** Those of SiT's code and of PixArt's, which no scheduler of diffusers describes. */
const OWN = [
  'pixart-dpms-time-uniform',
  'sit-ode-euler',
  'sit-ode-heun',
  'sit-sde-decreasing-none',
  'sit-sde-linear-tweedie',
  'sit-sde-sigma-mean',
];

it('follows every trajectory that there is: 41 of 41', () => {
  const folders = readdirSync(fixtures, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const trajectories = folders.map(({ name }) => name).filter((name) => name !== 'schedule-tables');
  expect(trajectories).toHaveLength(41);
  expect([...FOLLOWED, ...OWN].sort()).toEqual(trajectories.sort());
});

/**
 * The latents of diffusers' Euler are not those that the model sees: they grow with the noise, as if the image's share
 * were 1.
 */
const unscaled = (name: string, { next }: DiffusionSteps) =>
  name.startsWith('euler-') ? (step: number) => 1 / next[step]!.signal : undefined;

describe.each(FOLLOWED)('%s', (name) => {
  it.each([10, 20])('takes the steps that diffusers takes: %d of them', async (count) => {
    const expected = await tensorsOf(`${name}/expected.safetensors`);
    const learnsVariance = caseOf(name).model === 'eps+var';
    const steps = diffusionSteps(count, processOf(textOf(`${name}/scheduler_config.json`), learnsVariance));
    const timesteps = await expected.floats(`steps${count}.timesteps`);
    const isWhole = steps.path === undefined && !name.startsWith('euler-');
    expect(steps.timesteps).toEqual([...timesteps].map((t) => (isWhole ? t : (expect.closeTo(t, 3) as number))));
    if (expected.has(`steps${count}.sigmas`)) {
      const isStraight = steps.path !== undefined;
      const noises = [...steps.levels, steps.next.at(-1)!].map(({ noise, signal }) =>
        isStraight ? noise : noise / signal,
      );
      const sigmas = await expected.floats(`steps${count}.sigmas`);
      expect(noises).toHaveLength(sigmas.length);
      noises.forEach((noise, i) => expect(Math.abs(noise - sigmas[i]!)).toBeLessThanOrEqual(5e-6 * (sigmas[i]! || 1)));
    }
    const shape = learnsVariance ? { ...plain, outChannels: 8 } : plain;
    const { error, relative } = await errorsOf(name, { steps, count, shape, scale: unscaled(name, steps) });
    expect(error).toBeLessThanOrEqual(relative);
  });
});

describe("SiT's own samplers", () => {
  const checkTimes = async (name: string, count: number, { timesteps }: DiffusionSteps, calls: number) => {
    const times = await (await tensorsOf(`${name}/expected.safetensors`)).floats(`steps${count}.model_times`);
    const asked = times.filter((_, i) => i % calls === 0); // for the score the code evaluates the model again
    expect(timesteps.map(Math.fround)).toEqual([...asked].map((t) => expect.closeTo(t, 6) as number));
  };

  it.each([10, 20])('the ODE by Euler, of %d grid points', async (count) => {
    const steps = diffusionSteps(count - 1, { path: 'sit' });
    await checkTimes('sit-ode-euler', count, steps, 1);
    const { error, relative, seen } = await errorsOf('sit-ode-euler', { steps, count });
    expect(seen).toBe(count - 1);
    expect(error).toBeLessThanOrEqual(relative);
  });

  it.each([10, 20])('the ODE by Heun, of %d grid points: two evaluations for each update', async (count) => {
    const steps = diffusionSteps(2 * (count - 1), { path: 'sit', sampler: 'heun' });
    await checkTimes('sit-ode-heun', count, steps, 1);
    const { error, relative, seen } = await errorsOf('sit-ode-heun', { steps, count, told: (step) => step % 2 === 1 });
    expect(seen).toBe(count - 1);
    expect(error).toBeLessThanOrEqual(relative);
  });

  describe.each(['sit-sde-sigma-mean', 'sit-sde-linear-tweedie', 'sit-sde-decreasing-none'])('the SDE, %s', (name) => {
    it.each([10, 20])('of %d grid points', async (count) => {
      const { diffusion_form, diffusion_norm, last_step, last_step_size } = caseOf(name).settings!;
      const sde = {
        form: diffusion_form,
        norm: diffusion_norm,
        lastStep: (last_step?.toLowerCase() ?? 'none') as LastStep,
        lastStepSize: last_step_size,
      };
      const evaluations = last_step === null ? count - 1 : count;
      const steps = diffusionSteps(evaluations, { path: 'sit', sampler: 'euler-maruyama', sde });
      await checkTimes(name, count, steps, 2);
      const { error, relative, seen } = await errorsOf(name, { steps, count });
      expect(seen).toBe(evaluations);
      expect(error).toBeLessThanOrEqual(relative);
    });
  });

  it("SiT's own defaults are those of its sampling script", () => {
    const of = (sde?: SdeSettings) => diffusionSteps(20, { path: 'sit', sampler: 'euler-maruyama', sde });
    expect(of().timesteps).toEqual(of({ form: 'sigma', norm: 1, lastStep: 'mean', lastStepSize: 0.04 }).timesteps);
    expect(of().timesteps.at(-1)).toBeCloseTo(0.96, 12);
  });
});

describe("PixArt's own DPM-Solver", () => {
  it.each([8, 10, 20])('in continuous time, %d steps', async (count) => {
    const process = samplingProcess(ModelConfig.of({}).read(), {
      ...{ rule: 'time-uniform', sampler: 'dpm++', steps: 20, guidance: 4.5, learnsVariance: false },
    });
    expect(process).toMatchObject({ sampler: 'dpm++', rule: 'time-uniform', steps: 20, guidance: 4.5 });
    const steps = diffusionSteps(count, process);
    const name = 'pixart-dpms-time-uniform';
    const expected = await tensorsOf(`${name}/expected.safetensors`);
    const times = await expected.floats(`steps${count}.timesteps`);
    expect(steps.timesteps).toEqual([...times].map((t) => expect.closeTo(t, 3) as number));
    const { error, relative, seen } = await errorsOf(name, { steps, count });
    expect(seen).toBe(count);
    expect(error).toBeLessThanOrEqual(relative);
  });
});

it("another sampler's file, -Infinity in it, serves one that is chosen", () => {
  const reading = ModelConfig.parse({ scheduler: textOf('dpm-default/scheduler_config.json') })
    .with({ sampler: 'ddim' })
    .read();
  const process = samplingProcess(reading, { rule: 'original', learnsVariance: false });
  expect(process).toMatchObject({ sampler: 'ddim', rule: 'linspace', clip: undefined });
});

describe('schedule tables', () => {
  const { specs } = JSON.parse(textOf('schedule-tables/config.json')) as { specs: Readonly<Record<string, object>> };

  it.each(Object.keys(specs))('betas of %s', async (name) => {
    const expected = await tensorsOf('schedule-tables/expected.safetensors');
    const check = async (process: ForwardProcess, table: string) => {
      const right = await expected.floats(`${table}.alphas_cumprod`);
      // The table's betas are rounded to 32 bits, as is what comes of them; here all is computed in 64.
      cumulativeAlphas(process).forEach((alpha, i) => expect(Math.abs(alpha - right[i]!)).toBeLessThanOrEqual(5e-7));
    };
    const fields = { _class_name: 'DDIMScheduler', ...specs[name] };
    await check(processOf(JSON.stringify(fields), false), name);
    if (name === 'squaredcos_cap_v2') return; // its last betas leave no signal to rescale
    await check(processOf(JSON.stringify({ ...fields, rescale_betas_zero_snr: true }), false), `${name}.zero_snr`);
  });

  const tables = JSON.parse(textOf('schedule-tables/timesteps.json')) as Readonly<
    Record<string, Readonly<Record<string, Readonly<Record<number, readonly number[]>>>>>
  >;
  test.each(
    ['DDIMScheduler', 'DDPMScheduler'].flatMap((scheduler) =>
      (['leading', 'linspace', 'trailing'] as const).map((rule) => [scheduler, rule] as const),
    ),
  )('timesteps of %s, %s', (scheduler, rule) => {
    const counts = Object.entries(tables[scheduler]![rule]!);
    expect(counts.length).toBeGreaterThan(10);
    for (const [count, right] of counts) {
      // Rounding gives diffusers one timestep too many, -1, for some counts of the rule trailing.
      expect(timestepsOf(Number(count), rule), count).toEqual(right.slice(0, Number(count)));
    }
  });

  test.each(
    ['DPMSolverMultistepScheduler', 'UniPCMultistepScheduler', 'EulerDiscreteScheduler'].flatMap((scheduler) =>
      Object.keys(tables[scheduler]!).map((rule) => [scheduler, rule] as const),
    ),
  )('timesteps of %s, %s', (scheduler, rule) => {
    const counts = Object.entries(tables[scheduler]![rule]!);
    expect(counts.length).toBeGreaterThan(10);
    const fields = rule === 'karras' ? { use_karras_sigmas: true } : { timestep_spacing: rule };
    const process = processOf(JSON.stringify({ _class_name: scheduler, ...fields }), false);
    for (const [count, right] of counts) {
      const steps = () => diffusionSteps(Number(count), process);
      if (rule !== 'karras' && new Set(right).size < right.length) {
        expect(steps, count).toThrow('leads to no less noise; take fewer steps'); // there it would end in NaN
        continue;
      }
      const { timesteps } = steps();
      const wanted = right.slice(0, Number(count)).map((t) => expect.closeTo(t, 3) as number);
      expect(timesteps, count).toEqual(wanted);
    }
  });

  it.each([1, 3])('timesteps of FlowMatchEulerDiscreteScheduler, shift %d', (shift) => {
    const counts = Object.entries(tables['FlowMatchEulerDiscreteScheduler']![`shift${shift}`]!);
    expect(counts.length).toBeGreaterThan(10);
    for (const [count, right] of counts) {
      const { timesteps } = diffusionSteps(Number(count), { path: 'flow', shift });
      expect(timesteps, count).toEqual(right.map((t) => expect.closeTo(t, 3) as number));
    }
  });
});
