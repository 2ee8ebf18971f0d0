import type { Plan, StepPlan } from '../plan/plan.ts';
import type { LatentShape } from '../sampling/latent-shape.ts';
import type { BranchId, FeatureId, Topology } from '../topology.ts';
import type { Condition } from './condition.ts';

/**
 * A loaded diffusion transformer. `T` is whatever the backend calls a tensor: a typed array, a
 * pooled buffer, a GPU buffer, the number of a tensor in another thread. Core never looks inside.
 *
 * `referenceTransformer` (`@procache/core/reference`) is one over plain arrays, to be read. Wrapping one is often
 * enough:
 *
 * ```ts
 * import { checkSchedule, diffusionSteps, fora, generate, type Transformer } from '@procache/core';
 * import { referenceTransformer } from '@procache/core/reference';
 *
 * // The same transformer, with a look at each step before it is executed.
 * function watched<T>(inner: Transformer<T>, look: (step: number, features: number) => void): Transformer<T> {
 *   return {
 *     topology: inner.topology,
 *     latent: inner.latent,
 *     hoists: inner.hoists,
 *     prepare: (plans) => inner.prepare(plans),
 *     dispose: () => inner.dispose(),
 *     async condition(conditions, plan) {
 *       const conditioned = await inner.condition(conditions, plan);
 *       return {
 *         execute: (call) => (look(call.step, call.features.size), conditioned.execute(call)),
 *         read: (feature) => conditioned.read(feature),
 *         release: (feature) => conditioned.release(feature),
 *         dispose: () => conditioned.dispose(),
 *       };
 *     },
 *   };
 * }
 *
 * const topology = { blocks: [['attn', 'mlp'], ['attn', 'mlp']], grid: [4, 4] } as const;
 * const look = (step: number, features: number) => console.log(`step ${step} reads ${features} features`);
 * const transformer = watched(referenceTransformer({ topology }), look);
 * const plan = checkSchedule(fora({ steps: 4, interval: 2 }), topology);
 * await generate(transformer, { plan, steps: diffusionSteps(4), conditions: [1] });
 * ```
 */
export interface Transformer<T> {
  readonly topology: Topology;
  readonly latent: LatentShape;
  /**
   * Whether plans are to be hoisted for it (`hoist`): worth while where features fit the processor's cache, or memory
   * is short.
   */
  readonly hoists: boolean;

  /**
   * Makes ready the step programs of these plans, and keeps them until the next call.
   *
   * Optional: a generation makes ready what its own plan needs. Worth a call where generations of
   * several plans alternate, as in a comparison.
   */
  prepare(plans: readonly Plan[]): Promise<void>;

  /**
   * Prepares one generation that will follow `plan`. All that depends on time and prompt but not on the image (the
   * embeddings, and the shift, scale and gate of every block at every step) is computed here, in
   * batches, so that nothing of it is left in the loop.
   */
  condition(conditions: Conditions, plan: Plan): Promise<Conditioned<T>>;

  dispose(): Promise<void>;
}

/** What a generation is asked to show. */
export interface Conditions {
  /** The model's own time value for each step, in the order in which the steps are taken. */
  readonly timesteps: readonly number[];
  /** What each image of the batch is to show; with guidance, the unconditional half included (`doubled`). */
  readonly images: readonly Condition[];
}

/** A transformer that knows its timesteps and conditions. */
export interface Conditioned<T> {
  /**
   * Evaluates one step: embeds the latent, follows the operations, reads out the model's output.
   *
   * Only reads the features it is lent; those it returns belong to the caller, who releases them.
   */
  execute(call: StepCall<T>): Promise<StepResult<T>>;

  /**
   * The numbers of a feature that `execute` has returned, [images, tokens, width] flat, wherever it lies: in another
   * thread, or on a device. The caller only reads them, and no longer than until it releases the feature.
   */
  read(feature: T): Promise<Float32Array>;

  /** Gives a feature back, once. */
  release(feature: T): void;

  /** Frees everything this generation still holds, handed out or not. */
  dispose(): Promise<void>;
}

export interface StepCall<T> {
  readonly step: number;
  readonly plan: StepPlan;
  /** [images, channels, height, width] */
  readonly latent: Float32Array;
  /** The stored features that the plan reads, newest first. */
  readonly features: ReadonlyMap<FeatureId, readonly T[]>;
  /** The tokens to refresh, for each branch of which the plan refreshes some. */
  readonly tokens: ReadonlyMap<BranchId, Tokens>;
  /** What the step chooses tokens by itself, where its plan says so (`Refresh.by`, `Refresh.watch`). */
  readonly within?: StepChoices;
}

/** What a step needs to choose tokens by scores that it makes anew. */
export interface StepChoices {
  /** The raw scores that some tokens are to get anew: of each refresh that makes scores, [images, tokens]. */
  readonly scores: ReadonlyMap<BranchId, Float32Array>;
  /** By the branch whose tokens are to be chosen. */
  readonly choices: ReadonlyMap<BranchId, Choice>;
}

/** How many tokens of each image to choose, and what their age adds to their scores, [images, tokens]. */
export interface Choice {
  readonly count: number;
  readonly ages: Float64Array;
}

/** The chosen tokens of each image, `count` per image, ascending, counted from 0 in each image. */
export interface Tokens {
  readonly count: number;
  /** [images, count] */
  readonly indices: Int32Array;
}

export interface StepResult<T> {
  /** What the model predicts, [images, outChannels, height, width]. */
  readonly output: Float32Array;
  /** The features that the plan writes, by id (`writesOf`). */
  readonly features: ReadonlyMap<FeatureId, T>;
  /** For each watched branch, the raw score (`program.score`) of each token, [images, tokens]. */
  readonly scores: ReadonlyMap<BranchId, Float32Array>;
  /** The tokens that the step has chosen itself: of each of `choices`. */
  readonly chosen?: ReadonlyMap<BranchId, Tokens>;
}
