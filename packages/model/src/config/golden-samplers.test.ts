/// <reference types="node" />
import { readFileSync } from 'node:fs';
import {
  cumulativeAlphas,
  type DiffusionSteps,
  diffusionSteps,
  type ForwardProcess,
  type LatentShape,
  sampleDdim,
  sampleDdpm,
  timestepsOf,
} from '@procache/core';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import { ModelConfig } from './model-config.ts';
import { samplingProcess } from './sampling-process.ts';

// Trajectories, betas and timesteps of diffusers' schedulers, on a model that is a formula (packages/core/fixtures/samplers/README.md).

const fixtures = new URL('../../../core/fixtures/samplers/', import.meta.url);
const textOf = (name: string) => readFileSync(new URL(name, fixtures), 'utf8');

interface Tensors {
  floats(name: string): Promise<Float32Array>;
}

async function tensorsOf(name: string): Promise<Tensors> {
  const { tensors } = await openCheckpoint(bytesSource(name, new Uint8Array(readFileSync(new URL(name, fixtures)))));
  return { floats: (tensor) => readFloats(tensors.get(tensor)!) };
}

/** What a pipeline with this scheduler_config.json draws with. */
const processOf = (scheduler: string, learnsVariance: boolean) =>
  samplingProcess(ModelConfig.parse({ scheduler }).read(), { rule: 'original', learnsVariance });

const { coefficients } = JSON.parse(textOf('model.json')) as {
  coefficients: Readonly<Record<'e0' | 'e1' | 'e2' | 'e3' | 'g0' | 'w', number>>;
};
const plain: LatentShape = { channels: 4, outChannels: 4, height: 8, width: 8 };

/** The models `eps` and `eps+var` of model.json. */
function modelOf(
  steps: DiffusionSteps,
  { channels, outChannels, height, width }: LatentShape,
): (latent: Float32Array, step: number) => Promise<Float32Array> {
  const { e0, e1, e2, e3, g0, w } = coefficients;
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
      output[at] =
        (e0 + (e1 * t) / 1000) * x +
        e2 * (1 - t / 1000) * Math.sin(t / w + channel) +
        e3 * (1 - t / 1000) * Math.tanh(x);
      if (outChannels > channels) output[at + channels * pixels] = g0 * Math.sin(x + t / (2 * w) + channel);
    });
    return Promise.resolve(output);
  };
}

describe.each([
  'ddim-default',
  'ddim-leading',
  'ddim-linspace',
  'ddim-trailing',
  'ddim-alpha-not-one',
  'ddpm-clip',
  'ddpm-fixed-large',
  'ddpm-fixed-large-trailing',
  'ddpm-fixed-small',
  'ddpm-learned-range',
])('%s', (name) => {
  const { model, tolerance } = JSON.parse(textOf(`${name}/case.json`)) as {
    model: string;
    tolerance: Readonly<Record<number, { relative: number }>>;
  };
  const shape = model === 'eps' ? plain : { ...plain, outChannels: 8 };
  let expected: Tensors;
  beforeAll(async () => {
    expected = await tensorsOf(`${name}/expected.safetensors`);
  });

  it.each([10, 20])('takes the steps that diffusers takes: %d of them', async (count) => {
    const process = processOf(textOf(`${name}/scheduler_config.json`), shape.outChannels > shape.channels);
    const steps = diffusionSteps(count, process);
    expect([...steps.timesteps]).toEqual([...(await expected.floats(`steps${count}.timesteps`))]);

    const latents = await expected.floats(`steps${count}.latents`);
    const start = await expected.floats('input.latents');
    let worst = 0;
    const onStep = ({ step, latent }: { step: number; latent: Float32Array }) => {
      const right = latents.subarray(step * latent.length, (step + 1) * latent.length);
      const largest = right.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      latent.forEach((x, i) => (worst = Math.max(worst, Math.abs(x - right[i]!) / largest)));
    };
    if (process.sampler === 'ddpm') {
      const injected = await expected.floats(`steps${count}.noise`);
      const noise = (step: number, length: number) => injected.subarray(step * length, (step + 1) * length);
      await sampleDdpm(modelOf(steps, shape), start, steps, { shape, noise, onStep });
    } else {
      await sampleDdim(modelOf(steps, shape), start, steps, { shape, onStep });
    }
    expect(worst).toBeLessThanOrEqual(tolerance[count]!.relative);
  });
});

describe('schedulers that are not followed', () => {
  it.each([
    [
      'ddim-v',
      'scheduler_config.json: prediction_type is "v_prediction", which is not supported; supported are epsilon',
    ],
    ['ddim-sample', 'scheduler_config.json: prediction_type is "sample", which is not supported'],
    ['ddim-zero-snr', 'scheduler_config.json: prediction_type is "v_prediction"'],
    [
      'dpm-default',
      'scheduler_config.json: _class_name is "DPMSolverMultistepScheduler", a sampler that is not there yet; there are DDIMScheduler and DDPMScheduler',
    ],
    ['euler-leading', '_class_name is "EulerDiscreteScheduler", a sampler that is not there yet'],
    ['unipc-bh2', '_class_name is "UniPCMultistepScheduler", a sampler that is not there yet'],
    ['flow-shift3', '_class_name is "FlowMatchEulerDiscreteScheduler", for models that predict a velocity'],
  ])('%s', (name, message) => {
    expect(() => processOf(textOf(`${name}/scheduler_config.json`), false)).toThrow(message);
  });

  it("another sampler's file, -Infinity in it, serves one that is chosen", () => {
    const reading = ModelConfig.parse({ scheduler: textOf('dpm-default/scheduler_config.json') })
      .with({ sampler: 'ddim' })
      .read();
    const process = samplingProcess(reading, { rule: 'original', learnsVariance: false });
    expect(process).toMatchObject({ sampler: 'ddim', rule: 'linspace', clip: undefined });
  });
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
});
