import { ProCacheError } from '@procache/core';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { SamplingDefaults } from '../../model.ts';

/** The extents and the arithmetic of one DiT. */
export interface DitConfig {
  readonly flavour: 'original' | 'diffusers';
  readonly depth: number;
  readonly hidden: number;
  readonly heads: number;
  readonly mlpHidden: number;
  readonly patch: number;
  readonly channels: number;
  readonly outChannels: number;
  /** Rows and columns of the latent; DiTs are square. */
  readonly size: number;
  /** Rows of the label table, the unconditional one included. */
  readonly labelRows: number;
  readonly classes: number;
  readonly classNames: readonly string[] | undefined;
  /** Width of the timestep embedding: half cosines, half sines. */
  readonly frequencies: number;
  /** 0: the lowest frequency is 1e-4^(127/128) (original); 1: it is 1e-4 (diffusers). */
  readonly frequencyShift: 0 | 1;
  /** Epsilon of the normalisation before the MLP: 1e-6 in the original, `norm_eps` (1e-5) in diffusers. */
  readonly mlpEpsilon: number;
  readonly valueRange: readonly [number, number] | undefined;
  readonly sampling: SamplingDefaults;
}

/** A config.json, or what the user says in its place; every field may be missing. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/** The heads of the published sizes, which their checkpoints do not record (Peebles and Xie, 2023, Table 1). */
const PUBLISHED_HEADS: ReadonlyMap<number, number> = new Map([[1152, 16], [1024, 16], [768, 12], [384, 6]]);

/** Whether the tensors' names are those of a DiT, and in which flavour. */
export function ditFlavour({ tensors }: Checkpoint): DitConfig['flavour'] | undefined {
  if (tensors.has('blocks.0.adaLN_modulation.1.weight') && tensors.has('y_embedder.embedding_table.weight')) return 'original';
  if (tensors.has('transformer_blocks.0.norm1.linear.weight') && tensors.has('transformer_blocks.0.norm1.emb.class_embedder.embedding_table.weight')) {
    return 'diffusers';
  }
  return undefined;
}

/** Reads a DiT's extents from the shapes of its tensors, and from its config.json what shapes do not tell. */
export function ditConfig(checkpoint: Checkpoint, json: ConfigJson): DitConfig {
  const flavour = ditFlavour(checkpoint)!;
  const read = new ConfigReader(checkpoint, json);
  const names = flavour === 'original' ? ORIGINAL_NAMES : DIFFUSERS_NAMES;
  const [hidden, channels, patch] = read.shape(names.patch, 4);
  const [labelRows] = read.shape(names.labels, 2);
  const [mlpHidden] = read.shape(names.fc1, 2);
  const [, frequencies] = read.shape(names.timestep, 2);
  const [outWidth] = read.shape(names.head, 2);
  const classes = read.count('num_classes') ?? read.count('num_embeds_ada_norm') ?? labelRows! - 1;
  const config: DitConfig = {
    flavour,
    depth: read.depth(names.blocks),
    hidden: hidden!,
    heads: read.heads(hidden!),
    mlpHidden: mlpHidden!,
    patch: patch!,
    channels: channels!,
    outChannels: outWidth! / patch! ** 2,
    size: flavour === 'original' ? read.sizeOfTable(patch!) : read.sizeOfConfig(),
    labelRows: labelRows!,
    classes,
    classNames: read.names('classes', classes),
    frequencies: frequencies!,
    frequencyShift: flavour === 'original' ? 0 : 1,
    mlpEpsilon: flavour === 'original' ? 1e-6 : (read.number('norm_eps') ?? 1e-5),
    valueRange: read.pair('value_range'),
    sampling: samplingOf(flavour, channels!, read),
  };
  read.check(config);
  return config;
}

function samplingOf(flavour: DitConfig['flavour'], channels: number, read: ConfigReader): SamplingDefaults {
  read.choice('prediction_type', ['epsilon']); // no sampler takes anything else as the model's output
  return {
    trainTimesteps: read.count('train_timesteps') ?? 1000,
    betaSchedule: read.choice('beta_schedule', ['linear', 'scaled_linear']) ?? 'linear',
    betaStart: read.number('beta_start') ?? 1e-4,
    betaEnd: read.number('beta_end') ?? 0.02,
    timestepRule: flavour === 'original' ? 'original' : 'leading',
    // The original's guidance acts on the first three channels, whatever there are (forward_with_cfg).
    guidanceChannels: read.count('guidance_channels') ?? (flavour === 'original' ? Math.min(3, channels) : channels),
  };
}

const ORIGINAL_NAMES = {
  patch: 'x_embedder.proj.weight',
  labels: 'y_embedder.embedding_table.weight',
  fc1: 'blocks.0.mlp.fc1.weight',
  timestep: 't_embedder.mlp.0.weight',
  head: 'final_layer.linear.weight',
  blocks: 'blocks',
};

const DIFFUSERS_NAMES = {
  patch: 'pos_embed.proj.weight',
  labels: 'transformer_blocks.0.norm1.emb.class_embedder.embedding_table.weight',
  fc1: 'transformer_blocks.0.ff.net.0.proj.weight',
  timestep: 'transformer_blocks.0.norm1.emb.timestep_embedder.linear_1.weight',
  head: 'proj_out_2.weight',
  blocks: 'transformer_blocks',
};

/** Reads numbers out of tensor shapes and of untrusted JSON, and says what is wrong with them. */
class ConfigReader {
  readonly #checkpoint: Checkpoint;
  readonly #json: ConfigJson;

  constructor(checkpoint: Checkpoint, json: ConfigJson) {
    this.#checkpoint = checkpoint;
    this.#json = json;
  }

  shape(name: string, rank: number): readonly number[] {
    const shape = this.#checkpoint.tensors.get(name)?.shape;
    if (!shape) throw invalid(`tensor ${name} is missing; the file is not a complete DiT checkpoint`);
    if (shape.length !== rank) throw invalid(`tensor ${name} has shape [${shape.join(', ')}], but a DiT's has ${rank} axes`);
    return shape;
  }

  number(key: string): number | undefined {
    const value = this.#json[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(`config.json: ${key} is ${JSON.stringify(value)}, not a number`);
    return value;
  }

  count(key: string): number | undefined {
    const value = this.number(key);
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) throw invalid(`config.json: ${key} is ${value}, not a positive whole number`);
    return value;
  }

  choice<Name extends string>(key: string, names: readonly Name[]): Name | undefined {
    const value = this.#json[key];
    if (value === undefined || value === null) return undefined;
    const found = names.find((name) => name === value);
    if (found === undefined) throw invalid(`config.json: ${key} is ${JSON.stringify(value)}, which is not supported; supported are ${names.join(', ')}`);
    return found;
  }

  pair(key: string): readonly [number, number] | undefined {
    const value = this.#json[key];
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value) && value.length === 2 && value.every((bound) => typeof bound === 'number')) return value as [number, number];
    throw invalid(`config.json: ${key} is ${JSON.stringify(value)}, not a pair of numbers such as [-1, 1]`);
  }

  names(key: string, count: number): readonly string[] | undefined {
    const value = this.#json[key];
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) throw invalid(`config.json: ${key} is not a list of names`);
    if (value.length !== count) throw invalid(`config.json: ${key} names ${value.length} classes, but the model has ${count}`);
    return value;
  }

  depth(prefix: string): number {
    let depth = 0;
    const starts = new Set([...this.#checkpoint.tensors.keys()].filter((name) => name.startsWith(`${prefix}.`)).map((name) => Number(name.split('.')[1])));
    while (starts.has(depth)) depth++;
    return depth;
  }

  heads(hidden: number): number {
    const heads = this.count('num_heads') ?? this.count('num_attention_heads') ?? PUBLISHED_HEADS.get(hidden);
    if (heads === undefined) {
      throw invalid(`the tensors do not tell the number of attention heads of a DiT ${hidden} wide; put a config.json with "num_heads" beside the file`);
    }
    if (hidden % heads !== 0) throw invalid(`config.json: ${heads} heads do not divide the width of ${hidden}`);
    return heads;
  }

  /** The original stores its table of positions. */
  sizeOfTable(patch: number): number {
    const [, tokens] = this.shape('pos_embed', 3);
    const side = Math.sqrt(tokens!);
    if (!Number.isInteger(side)) throw invalid(`tensor pos_embed holds ${tokens} positions, which is not a square; only square models are supported`);
    return side * patch;
  }

  /** diffusers computes the table of positions, and says only in the config how large it is. */
  sizeOfConfig(): number {
    const size = this.count('sample_size');
    if (size === undefined) throw invalid('a diffusers DiT does not tell its image size in its tensors; put its config.json with "sample_size" beside it');
    return size;
  }

  /** What the config says twice must agree with the tensors. */
  check(config: DitConfig): void {
    const claims: readonly (readonly [string, number])[] = [
      ['input_size', config.size], ['sample_size', config.size], ['patch_size', config.patch], ['in_channels', config.channels],
      ['hidden_size', config.hidden], ['depth', config.depth], ['num_layers', config.depth], ['out_channels', config.outChannels],
    ];
    for (const [key, value] of claims) {
      const claimed = this.number(key);
      if (claimed !== undefined && claimed !== value) throw invalid(`config.json: ${key} is ${claimed}, but the tensors say ${value}; take the config that belongs to these weights`);
    }
    if (config.size % config.patch !== 0) throw invalid(`patches of ${config.patch} do not tile images of ${config.size}`);
    if (!Number.isInteger(config.outChannels)) throw invalid(`the last layer's width is not a multiple of the patch's ${config.patch ** 2} pixels`);
    if (config.depth === 0) throw invalid('the file holds no transformer block; it is not a complete DiT checkpoint');
  }
}

function invalid(message: string): ProCacheError {
  return new ProCacheError('invalid-model', message);
}
