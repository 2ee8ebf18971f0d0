import { type LcmSettings, type SamplerName, type SolverKind, type SolverSettings } from '@procache/core';
import type { SamplingDefaults } from '../model.ts';
import { type ConfigFields, wrong } from './fields.ts';

/** What diffusers' multistep solvers and its Euler do with these, and what is not done here. */
const UNFOLLOWED = {
  use_exponential_sigmas: 'another choice of noise levels',
  use_beta_sigmas: 'another choice of noise levels',
  use_lu_lambdas: 'another choice of noise levels',
  use_dynamic_shifting: "a shift by the image's size",
} as const;

/** Fields that set what is not followed. */
const NOT_SET = ['sigma_min', 'sigma_max', 'solver_p', 'shift_terminal'];

/** They say how to do what is not done. */
const INDIFFERENT = ['time_shift_type', 'flow_shift'];

/** Settings of single samplers that are followed where these draw. */
const OF_SAMPLERS = [
  ...['algorithm_type', 'solver_type', 'solver_order', 'lower_order_final', 'euler_at_final', 'lambda_min_clipped'],
  ...['predict_x0', 'disable_corrector', 'use_karras_sigmas', 'final_sigmas_type', 'interpolation_type'],
  ...['timestep_type', 'original_inference_steps', 'timestep_scaling', 'variance_type'],
];

/** The kinds that there are, by diffusers' names; each class takes the other's names for its default, and so here. */
const KINDS: Readonly<Record<string, SolverKind | undefined>> = {
  midpoint: 'midpoint',
  heun: 'heun',
  bh1: 'bh1',
  bh2: 'bh2',
  logrho: undefined,
};

/**
 * The settings of a solver, as the fields of diffusers' `DPMSolverMultistepScheduler`, `UniPCMultistepScheduler` and
 * `EulerDiscreteScheduler` say; nothing of other samplers.
 *
 * @throws {ProCacheError} `invalid-model`, with the file and the field, for what cannot be followed.
 */
export function solverOf(fields: ConfigFields, sampler: SamplerName | undefined): SolverSettings | undefined {
  if (sampler === 'dpm++') {
    fields.choice('algorithm_type', ['dpmsolver++']);
    const [eulerAtFinal, least] = [fields.flag('euler_at_final'), leastLambda(fields)];
    return given({ ...multistep(fields), eulerAtFinal, leastLambda: least });
  }
  if (sampler === 'unipc') {
    checkUnipc(fields);
    return given({ ...multistep(fields), uncorrected: uncorrected(fields) });
  }
  if (sampler !== 'euler') return undefined;
  fields.choice('interpolation_type', ['linear']);
  fields.choice('timestep_type', ['discrete']);
  return given(levels(fields));
}

/** Passes over what a file says about its own sampler, where another one is to draw. */
export function passOverSettings(fields: ConfigFields): void {
  [...OF_SAMPLERS, ...Object.keys(UNFOLLOWED), ...NOT_SET, ...INDIFFERENT].forEach((name) => fields.find(name));
}

/** The settings of LCM, as the fields of diffusers' `LCMScheduler` say; nothing of other samplers. */
export function lcmOf(fields: ConfigFields, sampler: SamplerName | undefined): LcmSettings | undefined {
  if (sampler !== 'lcm') return undefined;
  return given({
    originalSteps: fields.integer('original_inference_steps', 1, 1e5),
    timestepScaling: fields.number('timestep_scaling', 0, 1e6),
  });
}

/**
 * How a solver goes along the straight path of flow matching (`use_flow_sigmas`).
 *
 * @throws {ProCacheError} `invalid-model`, with the file and the field, for what cannot be followed.
 */
export function flowSolverProcess(
  fields: ConfigFields,
  sampler: SamplerName | undefined,
): Pick<SamplingDefaults, 'path' | 'trainTimesteps' | 'rule' | 'shift' | 'prediction' | 'solver'> {
  const predicts = fields.find('prediction_type', 'prediction');
  const flow = fields.find('use_flow_sigmas')!;
  if (!predicts || (predicts.value !== 'flow_prediction' && predicts.value !== 'velocity'))
    wrong(predicts ?? flow, 'and along the path of use_flow_sigmas only "flow_prediction" is supported');
  if (fields.flag('use_karras_sigmas'))
    wrong(
      fields.find('use_karras_sigmas')!,
      'and another choice of noise levels than use_flow_sigmas is not supported',
    );
  const { end, ...solver } = solverOf(fields, sampler) ?? {};
  if (end === 'least')
    wrong(fields.find('final_sigmas_type')!, 'and a path of flow matching ends at the clean image; supported is zero');
  fields.find('timestep_spacing', 'steps_offset');
  return {
    path: 'flow',
    trainTimesteps: fields.integer(['train_timesteps', 'num_train_timesteps'], 2, 1e5) ?? 1000,
    rule: 'linspace',
    shift: fields.number('flow_shift', 0, 1000),
    prediction: 'velocity',
    solver: given(solver),
  };
}

function multistep(fields: ConfigFields): SolverSettings {
  const kind = fields.choice('solver_type', Object.keys(KINDS));
  return {
    ...levels(fields),
    order: fields.integer('solver_order', 1, 2),
    kind: kind === undefined ? undefined : KINDS[kind],
    lowerOrderFinal: fields.flag('lower_order_final'),
  };
}

function levels(fields: ConfigFields): SolverSettings {
  for (const [name, what] of Object.entries(UNFOLLOWED))
    if (fields.flag(name)) wrong(fields.find(name)!, `and ${what} is not supported`);
  for (const name of NOT_SET) {
    const found = fields.find(name);
    if (found) wrong(found, 'which is not supported; supported is null');
  }
  INDIFFERENT.forEach((name) => fields.find(name));
  const end = fields.choice('final_sigmas_type', ['zero', 'sigma_min']);
  return { karras: fields.flag('use_karras_sigmas'), end: end === 'sigma_min' ? 'least' : undefined };
}

function leastLambda(fields: ConfigFields): number | undefined {
  const found = fields.find('lambda_min_clipped');
  if (!found || found.value === -Infinity) return undefined;
  const { value } = found;
  if (typeof value === 'number' && Math.abs(value) <= 1e3) return value;
  return wrong(found, 'not a number from -1000 to 1000, nor -Infinity');
}

function checkUnipc(fields: ConfigFields): void {
  if (fields.flag('predict_x0') === false)
    wrong(fields.findNull('predict_x0')!, 'and a UniPC that predicts the noise is not supported');
}

function uncorrected(fields: ConfigFields): readonly number[] | undefined {
  const found = fields.find('disable_corrector');
  if (!found) return undefined;
  const { value, place } = found;
  if (!Array.isArray(value)) return wrong(found, 'not a list of steps');
  const steps = value.map((step: unknown, i) =>
    Number.isSafeInteger(step) && (step as number) >= 0
      ? (step as number)
      : wrong({ value: step, place: `${place}[${i}]`, code: 'invalid-model' }, 'not a step'),
  );
  return steps.length > 0 ? steps : undefined;
}

/** The settings that say something; nothing where none does. */
function given<Settings extends object>(settings: Settings): Settings | undefined {
  const said = Object.entries(settings).filter(([, value]) => value !== undefined);
  return said.length > 0 ? (Object.fromEntries(said) as Settings) : undefined;
}
