import type { BetaSchedule, BranchId, DiffusionOptions, LatentShape, ModelCost, StepProgram, TimestepRule, Topology } from '@procache/core';
import type { StreamShape } from './graphs/emitter.ts';
import type { OnnxGraph } from './onnx/graph-builder.ts';

/**
 * A diffusion transformer as data: what there is to cache, what a step costs, and the graphs that
 * compute it. Knows nothing of who runs them.
 */
export interface TransformerModel {
  readonly family: 'dit';
  readonly flavour: 'original' | 'diffusers';
  readonly topology: Topology;
  readonly latent: LatentShape;
  readonly stream: StreamShape;
  readonly labels: Labels;
  readonly defaults: SamplingDefaults;
  readonly cost: ModelCost;

  /** Numbers in all tensors that the model uses. */
  readonly parameters: number;
  /** Fields of its config that are not known, each with its file: `config.json: foo`. They are not followed. */
  readonly unreadFields: readonly string[];
  /** The range of pixel values where the model works on pixels; a model of latents has none. */
  readonly valueRange: readonly [low: number, high: number] | undefined;

  /** The embeddings that the conditioning graph takes, [timesteps, frequencies]. */
  embedTimesteps(timesteps: readonly number[]): { readonly data: Float32Array; readonly frequencies: number };
  /** The entry of a step's modulation that gates a branch; a branch without a gate has none. */
  gateOf(branch: BranchId): number | undefined;

  /**
   * The modulations of rows of (timestep, label): `timesteps` [rows, frequencies], `labels` [rows] -> `modulation`.
   * The outputs of all graphs, side by side, are [rows, entries * width]: see `conditioningGraphs`.
   */
  conditioningGraphs(): readonly OnnxGraph[];
  /** Bytes of the weights, as 32-bit floats, that evaluating the module of a branch takes; its modulation's are not among them. */
  weightBytes(branch: BranchId): number;
  /** One graph for some step programs, each of which it can run: see `stepGraph`. */
  stepGraph(programs: readonly StepProgram[]): OnnxGraph;
  /** The plain model in one graph, as any exporter would write it: `latent`, `timesteps`, `labels` -> `output`. The yardstick of benchmarks. */
  plainGraph(): OnnxGraph;
}

/** The classes of a class-conditional model. */
export interface Labels {
  /** The classes are 0 to `count - 1`. */
  readonly count: number;
  /** The label that stands for "no class", which guidance needs; absent where the model was trained without one. */
  readonly unconditional: number | undefined;
  /** Whether no file tells how many classes there are, so that the last row of the label table is taken for "no class". */
  readonly guessed: boolean;
  /** What each class is called, by label, the name to show first; a class without a known name has none. */
  readonly names: readonly (readonly string[])[] | undefined;
}

/**
 * How the model is sampled by its own code, or by the scheduler of its pipeline: what `diffusionSteps` takes, so that
 * `diffusionSteps(50, model.defaults)` steps as they do.
 */
export interface SamplingDefaults extends DiffusionOptions {
  readonly trainTimesteps: number;
  readonly betaSchedule: BetaSchedule;
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly rule: TimestepRule;
  /** The first channels of the output, which guidance acts on. */
  readonly guidanceChannels: number;
}
