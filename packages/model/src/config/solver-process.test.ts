import { diffusionSteps } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { ModelConfig } from './model-config.ts';
import { samplingProcess } from './sampling-process.ts';

const FAMILY = { rule: 'original', learnsVariance: false } as const;

/** What is made of a scheduler_config.json, in which numbers that JSON lacks stand as Python writes them. */
const of = (scheduler: object | string, added: object = {}) => {
  const text = typeof scheduler === 'string' ? scheduler : JSON.stringify(scheduler);
  const config = ModelConfig.parse({ scheduler: text }).with({ ...added });
  return samplingProcess(config.read(), FAMILY);
};
const DPM = { _class_name: 'DPMSolverMultistepScheduler' };
const UNIPC = { _class_name: 'UniPCMultistepScheduler' };
const EULER = { _class_name: 'EulerDiscreteScheduler' };
const LCM = { _class_name: 'LCMScheduler' };
const FLOW = { ...DPM, use_flow_sigmas: true, prediction_type: 'flow_prediction' };

describe("diffusers' solvers", () => {
  it("go as their library defaults say where a file does not: DDPM's betas, linspace, nothing clamped", () => {
    for (const [fields, sampler] of [
      [DPM, 'dpm++'],
      [UNIPC, 'unipc'],
      [EULER, 'euler'],
    ] as const) {
      const process = of(fields);
      expect(process).toMatchObject({ sampler, rule: 'linspace', betaSchedule: 'linear', betaEnd: 0.02 });
      expect([process.clip, process.solver]).toEqual([undefined, undefined]);
    }
    expect(of(LCM)).toMatchObject({
      ...{ sampler: 'lcm', rule: 'distilled', steps: 4, guidance: 1 },
      ...{ betaSchedule: 'scaled_linear', betaStart: 0.00085, betaEnd: 0.012 },
    });
  });

  it('hand every field on to what core makes of it', () => {
    const dpm = { solver_order: 1, solver_type: 'heun', lower_order_final: false, euler_at_final: true };
    expect(of({ ...DPM, ...dpm, use_karras_sigmas: true, final_sigmas_type: 'sigma_min' }).solver).toEqual({
      ...{ order: 1, kind: 'heun', lowerOrderFinal: false, eulerAtFinal: true, karras: true, end: 'least' },
    });
    expect(of({ ...UNIPC, solver_type: 'bh1', disable_corrector: [0, 2] }).solver).toEqual({
      kind: 'bh1',
      uncorrected: [0, 2],
    });
    expect(of({ ...DPM, solver_type: 'logrho', thresholding: true })).toMatchObject({
      solver: undefined, // that name is registered as the default
      clip: { quantile: 0.995, most: 1 },
    });
    expect(of({ ...LCM, original_inference_steps: 20, timestep_scaling: 5 }).lcm).toEqual({
      originalSteps: 20,
      timestepScaling: 5,
    });
  });

  it.each([
    [{ ...DPM, solver_order: 1, euler_at_final: true, algorithm_type: 'sde-dpmsolver++' }, 'unipc'],
    [{ ...UNIPC, predict_x0: false, disable_corrector: [1] }, 'dpm++'],
    [{ ...LCM, original_inference_steps: 20, timestep_scaling: 5 }, 'ddim'],
    [{ ...EULER, timestep_type: 'discrete', interpolation_type: 'linear', sigma_max: null }, 'ddim'],
  ])('%j has nothing unknown where %s draws instead', (fields, sampler) => {
    const reading = ModelConfig.parse({ scheduler: JSON.stringify(fields) })
      .with({ sampler })
      .read();
    expect(samplingProcess(reading, FAMILY).sampler).toBe(sampler);
    expect(reading.unread()).toEqual([]);
  });

  it('may hold what JSON does not: -Infinity', () => {
    const text = (least: string) =>
      `{"_class_name": "DPMSolverMultistepScheduler", "beta_schedule": "squaredcos_cap_v2", ` +
      `"lambda_min_clipped": ${least}}`;
    expect(of(text('-Infinity')).solver).toBeUndefined();
    expect(of(text('-5.1')).solver).toEqual({ leastLambda: -5.1 });
    expect(diffusionSteps(10, of(text('-5.1'))).timesteps[0]).toBeLessThan(999);
    expect(() => of(text('NaN'))).toThrow('lambda_min_clipped is NaN, not a number from -1000 to 1000, nor -Infinity');
    expect(() => of(text('Infinity'))).toThrow('lambda_min_clipped is Infinity, not a number');
  });

  it('go along the path of flow matching where they are told to', () => {
    const process = of({ ...FLOW, flow_shift: 3 });
    expect(process).toMatchObject({ path: 'flow', sampler: 'dpm++', shift: 3, prediction: 'velocity' });
    const { levels, timesteps, next } = diffusionSteps(4, process);
    const noise = (3 * 0.999) / (1 + 2 * 0.999);
    expect([levels[0]!.noise, timesteps[0]! / 1000, next.at(-1)!.noise]).toEqual([
      ...[noise, noise].map((each) => expect.closeTo(each, 12) as number),
      0,
    ]);
    expect(of(FLOW, { sampler: 'euler' })).toMatchObject({ path: 'flow', sampler: 'euler' });
  });

  it('another of them may be chosen, which takes the fields that are its own', () => {
    const karras = { ...DPM, use_karras_sigmas: true, timestep_spacing: 'trailing' };
    expect(of(karras, { sampler: 'unipc' })).toMatchObject({
      ...{ sampler: 'unipc', rule: 'trailing', solver: { karras: true } },
    });
    expect(of({ _class_name: 'DDIMScheduler' }, { sampler: 'dpm++' })).toMatchObject({ rule: 'linspace' });
    expect(of({ _class_name: 'DDIMScheduler', clip_sample: false }, { sampler: 'lcm' }).rule).toBe('distilled');
  });

  it.each<[object, string]>([
    [{ ...DPM, solver_order: 3 }, 'solver_order is 3, not an integer from 1 to 2'],
    [{ ...DPM, algorithm_type: 'sde-dpmsolver++' }, 'algorithm_type is "sde-dpmsolver++", which is not supported'],
    [{ ...DPM, algorithm_type: 'dpmsolver' }, 'supported are dpmsolver++'],
    [{ ...DPM, use_lu_lambdas: true }, 'use_lu_lambdas is true, and another choice of noise levels is not supported'],
    [{ ...DPM, use_beta_sigmas: true }, 'use_beta_sigmas is true'],
    [{ ...DPM, use_exponential_sigmas: true }, 'use_exponential_sigmas is true'],
    [{ ...DPM, use_dynamic_shifting: true }, "a shift by the image's size is not supported"],
    [{ ...DPM, solver_type: 'bh3' }, 'solver_type is "bh3", which is not supported'],
    [{ ...DPM, final_sigmas_type: 'one' }, 'supported are zero, sigma_min'],
    [{ ...DPM, variance_type: 'learned_range' }, 'but the model has no output channels for a variance'],
    [{ ...DPM, use_flow_sigmas: true }, 'along the path of use_flow_sigmas only "flow_prediction" is supported'],
    [{ ...FLOW, final_sigmas_type: 'sigma_min' }, 'a path of flow matching ends at the clean image'],
    [{ ...FLOW, use_karras_sigmas: true }, 'another choice of noise levels than use_flow_sigmas is not supported'],
    [{ ...UNIPC, predict_x0: false }, 'a UniPC that predicts the noise is not supported'],
    [{ ...UNIPC, solver_p: {} }, 'solver_p is {}, which is not supported; supported is null'],
    [{ ...UNIPC, disable_corrector: ['a'] }, 'disable_corrector[0] is "a", not a step'],
    [{ ...UNIPC, disable_corrector: 1 }, 'disable_corrector is 1, not a list of steps'],
    [{ ...EULER, interpolation_type: 'log_linear' }, 'interpolation_type is "log_linear", which is not supported'],
    [{ ...EULER, timestep_type: 'continuous' }, 'timestep_type is "continuous", which is not supported'],
    [{ ...EULER, sigma_max: 3 }, 'sigma_max is 3, which is not supported; supported is null'],
    [{ ...LCM, original_inference_steps: 0 }, 'original_inference_steps is 0, not an integer from 1'],
    [
      { _class_name: 'HeunDiscreteScheduler' },
      '_class_name is "HeunDiscreteScheduler", a sampler that is not there yet; there are DDIMScheduler, ' +
        'DDPMScheduler, DPMSolverMultistepScheduler, UniPCMultistepScheduler, EulerDiscreteScheduler and LCMScheduler',
    ],
  ])('%j is refused', (fields, message) => {
    expect(() => of(fields)).toThrow(message);
  });

  it.each([
    [{ ...UNIPC, solver_type: 'bh1' }, 'solver.kind: "bh1" is infinity times nothing'],
    [{ ...UNIPC, lower_order_final: false }, 'solver.lowerOrderFinal: is false'],
  ])('%j, which ends in NaN in diffusers, is refused when steps are made', (fields, message) => {
    expect(() => diffusionSteps(20, of(fields))).toThrow(message);
  });
});
