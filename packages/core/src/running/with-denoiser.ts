import { ProCacheError } from '../errors.ts';
import { chosenBefore } from '../plan/chosen-before.ts';
import { hoist } from '../plan/hoist.ts';
import type { Refresh } from '../plan/operations.ts';
import { checkPlan, type Plan, type StepPlan } from '../plan/plan.ts';
import type { Denoiser } from '../sampling/denoiser.ts';
import { checkTimesteps } from '../sampling/diffusion-steps.ts';
import type { Seed } from '../sampling/random.ts';
import type { BranchId } from '../topology.ts';
import { checkOptions, type Fields } from '../untrusted/options.ts';
import { FeatureCache } from './cache.ts';
import { checkConditions } from './condition.ts';
import { checkFinite, stepText } from './finite.ts';
import { createSelector, type TokenSelector } from './selector.ts';
import type { Choice, Conditioned, Conditions, StepChoices, Tokens, Transformer } from './transformer.ts';
import { messageOf } from '../untrusted/thrown.ts';

export interface DenoiserOptions<T> {
  readonly transformer: Transformer<T>;
  readonly plan: Plan;
  readonly conditions: Conditions;
  /** Chooses the tokens of selective steps; by default what the plan's selector settings say. */
  readonly selector?: TokenSelector;
  /** Seed of the `random` score. */
  readonly seed?: Seed;
  /**
   * How many pictures the images of the batch are of, for messages: half as many as images with guidance. By default
   * all.
   */
  readonly pictures?: number;
  /** Whether runs add up ahead what later steps fold: see `hoist`. By default what the transformer prefers. */
  readonly hoisted?: boolean;
  /** Checked before each step; an `AbortSignal` is one. */
  readonly signal?: { throwIfAborted(): void } | undefined;
  /** Called when a step has been evaluated. Core has no clock; who wants timings reads one here. */
  readonly onEvaluated?: ((event: EvaluatedStep) => void) | undefined;
}

export interface EvaluatedStep {
  readonly step: number;
  readonly plan: StepPlan;
  /** The letter of the schedule, where the plan comes from one. */
  readonly letter: string | undefined;
  readonly tokens: ReadonlyMap<BranchId, Tokens>;
}

/**
 * Lends a denoiser that follows a plan, and frees all that it held when `use` is done with it.
 *
 * @throws {ProCacheError} `execution-failed` at the first step whose latent or output is not finite; `invalid-schedule`
 * for a plan of another length than the conditions'.
 */
export async function withDenoiser<T, R>(
  options: DenoiserOptions<T>,
  use: (denoise: Denoiser) => Promise<R>,
): Promise<R> {
  checkDenoiserOptions(options);
  const { transformer, conditions, signal, pictures } = options;
  if (conditions.timesteps.length !== options.plan.steps.length) {
    throw new ProCacheError(
      'invalid-schedule',
      `the schedule has ${options.plan.steps.length} steps but the sampler takes ${conditions.timesteps.length}; ` +
        `use as many sampler steps, or a schedule of that length`,
    );
  }
  signal?.throwIfAborted();
  const selector = options.selector ?? selectorFor(options);
  const chosen = selector.within ? options.plan : chosenBefore(options.plan);
  const plan = (options.hoisted ?? transformer.hoists) ? hoist(chosen) : chosen;
  const observed = new Map<BranchId, Float32Array>();
  const conditioned = await transformer.condition(conditions, plan);
  const cache = new FeatureCache<T>((tensor) => conditioned.release(tensor));
  try {
    return await use(async (latent, step) => {
      signal?.throwIfAborted();
      const check = (values: Float32Array, what: string) =>
        checkFinite(values, {
          what: `${stepText(step, plan.pattern)}: ${what}`,
          images: conditions.images.length,
          pictures,
        });
      check(latent, 'the latent that the step begins with');
      const evaluated = await evaluate(latent, step, { conditioned, cache, selector, plan, observed });
      check(evaluated.output, "the model's output");
      options.onEvaluated?.({ step, plan: plan.steps[step]!, letter: plan.pattern?.[step], tokens: evaluated.tokens });
      return evaluated.output;
    });
  } finally {
    cache.clear();
    await conditioned.dispose();
  }
}

const FIELDS: Fields<DenoiserOptions<unknown>> = {
  transformer: true,
  plan: true,
  conditions: true,
  selector: true,
  seed: true,
  pictures: true,
  hoisted: true,
  signal: true,
  onEvaluated: true,
};

function checkDenoiserOptions<T>(options: DenoiserOptions<T>): void {
  checkOptions<DenoiserOptions<unknown>>('withDenoiser', options, FIELDS);
  checkPlan(options.plan);
  checkOptions('conditions', options.conditions, { timesteps: true, images: true });
  checkTimesteps(options.conditions.timesteps, 'conditions.timesteps');
  checkConditions(options.conditions.images, 'conditions.images');
}

/**
 * The selector that the plan's settings describe; of a plan that selects nothing, one that asks nothing of the model's
 * grid.
 */
function selectorFor<T>({ transformer, plan, conditions, seed = 0, pictures }: DenoiserOptions<T>): TokenSelector {
  const selects = plan.steps.some(({ ops }) => ops.some((op) => op.op === 'refresh' && op.tokens !== 'all'));
  const settings = selects ? plan.selector : ({ score: 'random' } as const);
  const images = conditions.images.length;
  if (settings.paired && pictures === images) {
    throw new ProCacheError(
      'invalid-schedule',
      'schedule.selector.paired: without guidance there are no two halves that could share a choice; ' +
        'generate with guidance, or leave "paired" out',
    );
  }
  return createSelector(settings, { grid: transformer.topology.grid, images, seed });
}

interface Machine<T> {
  readonly conditioned: Conditioned<T>;
  readonly cache: FeatureCache<T>;
  readonly selector: TokenSelector;
  readonly plan: Plan;
  /** The raw scores that were last seen of each branch. */
  readonly observed: Map<BranchId, Float32Array>;
}

async function evaluate<T>(latent: Float32Array, step: number, machine: Machine<T>) {
  const { conditioned, cache, selector, plan, observed } = machine;
  const stepPlan = plan.steps[step]!;
  const tokens = new Map<BranchId, Tokens>();
  const refreshes = stepPlan.ops.filter((op) => op.op === 'refresh');
  for (const { branch, tokens: count, call, since, by } of refreshes)
    if (count !== 'all' && by === undefined) tokens.set(branch, selector.select(branch, count, call, since));
  const within = choicesOf(refreshes, selector, observed);
  const call = { step, plan: stepPlan, latent, features: cache.lend(stepPlan), tokens, ...(within && { within }) };
  const { output, features, scores, chosen } = await conditioned
    .execute(call)
    .catch((cause: unknown) => rethrow(cause, step, plan));
  for (const { branch, by, call: number } of refreshes) {
    if (by === undefined) continue;
    const own = chosen!.get(branch)!;
    selector.within!.chose(branch, own, number);
    tokens.set(branch, own);
  }
  for (const [branch, score] of scores) {
    observed.set(branch, score);
    selector.observe(branch, score);
  }
  cache.settle(stepPlan, features);
  return { output, tokens };
}

/** What a step needs to choose tokens by scores that it makes itself; nothing where it makes none. */
function choicesOf(
  refreshes: readonly Refresh[],
  selector: TokenSelector,
  observed: ReadonlyMap<BranchId, Float32Array>,
): StepChoices | undefined {
  const scores = new Map<BranchId, Float32Array>();
  const choices = new Map<BranchId, Choice>();
  for (const { branch, tokens: count, call, since, watch, by } of refreshes) {
    if (count === 'all') continue;
    if (watch) scores.set(branch, observed.get(branch)!);
    if (by !== undefined) choices.set(branch, { count, ages: selector.within!.ages(branch, call, since) });
  }
  return scores.size + choices.size > 0 ? { scores, choices } : undefined;
}

/** Says once, on the way out, where it happened. */
function rethrow(cause: unknown, step: number, plan: Plan): never {
  const message = messageOf(cause);
  const code = cause instanceof ProCacheError ? cause.code : 'execution-failed';
  throw new ProCacheError(code, `${stepText(step, plan.pattern)}: ${message}`, { cause });
}
