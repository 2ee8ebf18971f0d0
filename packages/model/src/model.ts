import type {
  BranchId,
  Condition,
  DiffusionOptions,
  LatentShape,
  ModelCost,
  StepProgram,
  TextEmbedding,
  Topology,
} from '@procache/core';
import type { ContextTensor, StreamShape } from './graphs/emitter.ts';
import type { OnnxGraph } from './onnx/graph-builder.ts';

/**
 * A diffusion transformer as data: what there is to cache, what a step costs, and the graphs that
 * compute it. Knows nothing of who runs them.
 */
export interface TransformerModel {
  /** The name of the family: `dit`. */
  readonly family: string;
  readonly flavour: 'original' | 'diffusers';
  readonly topology: Topology;
  readonly latent: LatentShape;
  readonly stream: StreamShape;
  readonly takes: Takes;
  readonly defaults: SamplingDefaults;
  readonly cost: ModelCost;

  /** Numbers in all tensors that the model uses. */
  readonly parameters: number;
  /** Fields of its config that are not known, each with its file: `config.json: foo`. They are not followed. */
  readonly unreadFields: readonly string[];
  /** The range of pixel values where the model works on pixels; a model of latents has none. */
  readonly valueRange: readonly [low: number, high: number] | undefined;

  /**
   * Refuses conditions that the model does not take.
   *
   * @throws {ProCacheError} `invalid-input`, with what it takes.
   */
  checkConditions(conditions: readonly Condition[]): void;
  /** What the graphs of modulations take for some timesteps and conditions. */
  modulationRows(timesteps: readonly number[], conditions: readonly Condition[]): ModulationRows;
  /** The entry of a step's modulation that gates a branch; a branch without a gate has none. */
  gateOf(branch: BranchId): number | undefined;

  /** What attention to text takes of a text, the same at every step; empty where the model takes no texts. */
  readonly contexts: readonly ContextTensor[];
  /** What the context graphs take for some texts, by name; the first axis of each counts them. */
  contextInputs(texts: readonly Condition[]): Readonly<Record<string, InputArray>>;

  /**
   * The inputs of `modulationRows` -> `modulation`. The outputs of all graphs, side by side, are
   * [rows, entries * width]. No graph holds much more weight than `partBytes`, 192 MiB by default.
   */
  modulationGraphs(partBytes?: number): readonly OnnxGraph[];
  /** The inputs of `contextInputs` -> every context, [texts, ...shape], each in one of the graphs (`contextOf`). */
  contextGraphs(partBytes?: number): readonly OnnxGraph[];
  /**
   * Bytes of the weights, as 32-bit floats, that evaluating the module of a branch takes; its modulation's are not
   * among them.
   */
  weightBytes(branch: BranchId): number;
  /** One graph for some step programs, each of which it can run: see `stepGraph`. */
  stepGraph(programs: readonly StepProgram[]): OnnxGraph;
  /**
   * The plain model in one graph, as any exporter would write it: `latent` and the inputs of `modulationRows`, a row
   * for each image, to `output`. The yardstick of benchmarks.
   */
  plainGraph(): OnnxGraph;
}

/** What is fed to the graphs of modulations. */
export interface ModulationRows {
  readonly rows: number;
  /** By name; the first axis of each counts the rows. */
  readonly inputs: Readonly<Record<string, InputArray>>;
  /** The row of a step and a condition, both by their place in what was asked for. */
  readonly rowOf: (step: number, condition: number) => number;
}

/** The values of an input of a graph. */
export type InputArray =
  | { readonly type: 'float32'; readonly data: Float32Array; readonly shape: readonly number[] }
  | { readonly type: 'int64'; readonly data: BigInt64Array; readonly shape: readonly number[] };

/** What a model draws from: conditions of one kind, and what there is to know about them. */
export type Takes = Classes | Texts;

/** One of some classes: conditions are their numbers. */
export interface Classes {
  readonly kind: 'classes';
  /** The classes are 0 to `count - 1`. */
  readonly count: number;
  /** The label that stands for "no class", which guidance needs; absent where the model was trained without one. */
  readonly unconditional: number | undefined;
  /**
   * Whether no file tells how many classes there are, so that the last row of the label table is taken for "no class".
   */
  readonly guessed: boolean;
  /** What each class is called, by label, the name to show first; a class without a known name has none. */
  readonly names: readonly (readonly string[])[] | undefined;
}

/** A text, as an encoder reads it: conditions are embeddings, all of one size. */
export interface Texts {
  readonly kind: 'texts';
  /** Tokens of an embedding, the padding included; of longer texts the rest is not seen. */
  readonly tokens: number;
  /** Numbers of a token. */
  readonly width: number;
  /** What the model learned for "nothing in particular"; absent where that is the empty text. */
  readonly unconditional: TextEmbedding | undefined;
  /**
   * How many tokens of "nothing in particular" an image sees: its own, or as many as the text of the image has (the
   * original PixArt repeats the mask of the prompt). `'own'` unless given.
   */
  readonly nothingLength?: 'own' | 'text' | undefined;
}

/**
 * How the model is sampled by its own code, or by the scheduler of its pipeline: what `diffusionSteps` takes, so that
 * `diffusionSteps(50, model.defaults)` steps as they do.
 */
export interface SamplingDefaults extends DiffusionOptions {
  readonly trainTimesteps: number;
  readonly rule: NonNullable<DiffusionOptions['rule']>;
  /** The first channels of the output, which guidance acts on. */
  readonly guidanceChannels: number;
  /** How many steps the model's own code takes where nobody says; 50 unless given. */
  readonly steps?: number | undefined;
  /** The scale of guidance of the model's own code where nobody says; 4 unless given. */
  readonly guidance?: number | undefined;
}
