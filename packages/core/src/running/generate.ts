import { checkPlan, type Plan } from '../plan/plan.ts';
import type { SampledStep } from '../sampling/samplers/sample.ts';
import { checkOptions, type Fields } from '../untrusted/options.ts';
import { recordSteps, type StepRecord } from './statistics.ts';
import { TRAJECTORY_FIELDS, trajectoryOf, type TrajectoryOptions } from './trajectory.ts';
import type { Transformer } from './transformer.ts';

export interface GenerateOptions extends TrajectoryOptions {
  readonly plan: Plan;
  /** Checked before each step; an `AbortSignal` is one. */
  readonly signal?: { throwIfAborted(): void } | undefined;
  /** Called after each step with the latent that it led to, and the clean image that it saw; awaited. */
  readonly onStep?: ((event: SampledStep) => void | Promise<void>) | undefined;
  /** A clock in milliseconds; without one, `records` tell no times. */
  readonly now?: (() => number) | undefined;
}

/** What a generation leaves behind. */
export interface Generation {
  /** [images, channels, height, width] */
  readonly latents: Float32Array;
  /** One record per step: see `summarise`. */
  readonly records: readonly StepRecord[];
}

/**
 * Generates images, from noise to clean latents, following a plan.
 *
 * The same options give the same latents, to the last bit, on the same machine.
 *
 * ```ts
 * import { byName, checkSchedule, diffusionSteps, generate, summarise } from '@procache/core';
 * import { referenceTransformer } from '@procache/core/reference';
 *
 * const topology = { blocks: [['attn', 'mlp'], ['attn', 'mlp']], grid: [4, 4] } as const;
 * const transformer = referenceTransformer({ topology }); // or openTransformer of @procache/backend-node
 * const plan = checkSchedule(byName('fora-3', topology, 12), topology, 12);
 * const options = { plan, steps: diffusionSteps(12), conditions: [3, 7], seeds: [1, 2] };
 * const { latents, records } = await generate(transformer, options);
 *
 * console.log(latents.length); // 64: two images of 2x4x4
 * console.log(summarise(records).timeline); // #.#..#..#..#
 * await transformer.dispose();
 * ```
 *
 * @throws {ProCacheError} for conditions, noise or a plan that do not fit; `execution-failed` at the first step whose
 * output or latent is not finite; what the signal throws when it is aborted.
 */
export async function generate<T>(transformer: Transformer<T>, options: GenerateOptions): Promise<Generation> {
  checkOptions('generate', options, FIELDS);
  checkPlan(options.plan);
  const { plan, signal, onStep, now = () => 0, ...rest } = options;
  const trajectory = trajectoryOf(transformer, rest);
  const recorder = recordSteps(now);
  const latents = await trajectory.follow(
    plan,
    (denoise) => trajectory.sample(denoise, { pattern: plan.pattern, onStep }),
    { signal, recorder },
  );
  return { latents, records: recorder.records };
}

const FIELDS: Fields<GenerateOptions> = { ...TRAJECTORY_FIELDS, plan: true, signal: true, onStep: true, now: true };
