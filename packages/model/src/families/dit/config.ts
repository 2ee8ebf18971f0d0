import { ProCacheError } from '@procache/core';
import { shown } from '@procache/core/untrusted';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { type Fields, wrong } from '../../config/fields.ts';
import type { ConfigReading } from '../../config/model-config.ts';
import { type ProcessOfFamily, samplingProcess } from '../../config/sampling-process.ts';
import type { Classes, SamplingDefaults } from '../../model.ts';
import { type Activation, ditActivation } from './arithmetic.ts';
import { ditClasses } from './classes.ts';
import { DIT_NAMES, type DitFlavour } from './flavour.ts';

/** The tensors of one DiT: how many, and how large. */
export interface DitExtents {
  readonly flavour: DitFlavour;
  readonly depth: number;
  readonly hidden: number;
  readonly heads: number;
  readonly mlpHidden: number;
  readonly patch: number;
  readonly channels: number;
  /** Channels of the last layer: those of the input, and as many again where training learned a variance. */
  readonly outChannels: number;
  /** Rows and columns of the latent; DiTs are square. */
  readonly size: number;
  /** Rows of the label table, the unconditional one included. */
  readonly labelRows: number;
  /** Width of the timestep embedding: half cosines, half sines. */
  readonly frequencies: number;
  /** Whether queries and keys are normalised, head by head. */
  readonly normsHeads: boolean;
}

/** What a family says of itself whose blocks are those of a DiT. */
export interface DitKind {
  /** Of the family: see `ModelFamily`. */
  readonly id: string;
  readonly name: string;
  /** Whether the second half of the channels, a variance, is no part of the model's output. */
  readonly dropsVariance: boolean;
  /** How its models are drawn with where no file says otherwise. */
  readonly process: (extents: DitExtents) => ProcessOfFamily;
}

/** The extents and the arithmetic of one DiT. */
export interface DitConfig extends DitExtents {
  /** Channels of the model's output: the first `givenChannels` of `outChannels`. */
  readonly givenChannels: number;
  readonly takes: Classes;
  /** 0: the lowest frequency is 1e-4^(127/128) (original); 1: it is 1e-4 (diffusers). */
  readonly frequencyShift: 0 | 1;
  readonly activation: Activation;
  /** Epsilon of the normalisation before the MLP: 1e-6 in the original, `norm_eps` (1e-5) in diffusers. */
  readonly mlpEpsilon: number;
  readonly valueRange: readonly [number, number] | undefined;
  readonly sampling: SamplingDefaults;
}

/** The heads of the published sizes, which their checkpoints do not record (Peebles and Xie, 2023, Table 1). */
const PUBLISHED_HEADS: ReadonlyMap<number, number> = new Map([
  [1152, 16],
  [1024, 16],
  [768, 12],
  [384, 6],
]);

/** The most patches of an image; the attention map of one head has their square. The largest published DiT has 1024. */
const MOST_TOKENS = 16_384;

/** Bounds of pixel values are far below this. */
const LARGEST_VALUE = 1e6;

/** What tells the tensors of a DiT before any of them is looked up. */
export interface DitOutline {
  readonly flavour: DitFlavour;
  readonly depth: number;
  readonly normsHeads: boolean;
}

/**
 * Reads a DiT's extents from the shapes of its tensors, all of which are there, and from its config what shapes do not
 * tell.
 *
 * @throws {ProCacheError} `invalid-model` where the two contradict each other, or say what is not supported.
 */
export function ditConfig(
  kind: DitKind,
  checkpoint: Checkpoint,
  outline: DitOutline,
  config: ConfigReading,
): DitConfig {
  const { flavour } = outline;
  const fields = config.model;
  const extents = extentsOf(checkpoint, outline, fields);
  checkClaims(extents, fields);
  const { channels, outChannels } = extents;
  const givenChannels = kind.dropsVariance ? channels : outChannels;
  // The original's guidance acts on the first three channels of the output, whatever they are (forward_with_cfg).
  const guidanceChannels =
    fields.integer('guidance_channels', 1, givenChannels) ??
    (flavour === 'original' ? Math.min(3, givenChannels) : channels);
  return {
    ...extents,
    givenChannels,
    takes: ditClasses(config, extents.labelRows),
    frequencyShift: flavour === 'original' ? 0 : 1,
    activation: ditActivation(fields, flavour),
    mlpEpsilon: mlpEpsilon(fields, flavour),
    valueRange: valueRange(fields),
    sampling: { ...samplingProcess(config, kind.process(extents)), guidanceChannels },
  };
}

function extentsOf(checkpoint: Checkpoint, outline: DitOutline, fields: Fields): DitExtents {
  const names = DIT_NAMES[outline.flavour];
  const shape = (name: string, rank: number) => shapeOf(checkpoint, name, rank);
  const [hidden, channels, patch] = shape(names.patch, 4);
  const [labelRows] = shape(names.labels, 2);
  const [mlpHidden] = shape(names.fc1, 2);
  const [, frequencies] = shape(names.timestep, 2);
  const [outWidth] = shape(names.head, 2);
  const extents: DitExtents = {
    ...outline,
    hidden: hidden!,
    heads: headsOf(fields, hidden!),
    mlpHidden: mlpHidden!,
    patch: patch!,
    channels: channels!,
    outChannels: outWidth! / patch! ** 2,
    size: outline.flavour === 'original' ? sizeOfTable(shape('pos_embed', 3), patch!) : sizeOfConfig(fields, patch!),
    labelRows: labelRows!,
    frequencies: frequencies!,
  };
  checkExtents(extents);
  return extents;
}

function shapeOf({ tensors }: Checkpoint, name: string, rank: number): readonly number[] {
  const { shape } = tensors.get(name)!;
  if (shape.length === rank && !shape.includes(0)) return shape;
  const problem = shape.length === rank ? 'it holds no number' : `a DiT's has ${rank} axes`;
  throw invalid(`tensor ${name} has shape [${shape.join(', ')}], but ${problem}; these are not the weights of a DiT`);
}

function headsOf(fields: Fields, hidden: number): number {
  const width = fields.integer('attention_head_dim', 1, hidden);
  const told =
    fields.integer(['num_heads', 'num_attention_heads'], 1, hidden) ??
    (width === undefined ? undefined : hidden / width);
  const heads = told ?? PUBLISHED_HEADS.get(hidden);
  if (heads === undefined) {
    throw invalid(
      `the tensors do not tell the number of attention heads of a DiT ${hidden} wide; ` +
        `put a config.json with "num_heads" beside the file`,
    );
  }
  const found = fields.find('num_heads', 'num_attention_heads') ?? fields.find('attention_head_dim');
  if (!Number.isInteger(heads) || hidden % heads !== 0)
    wrong(
      found!,
      `but ${heads} heads do not divide the width of ${hidden}; take the config that belongs to these weights`,
    );
  return heads;
}

/** The original stores its table of positions. */
function sizeOfTable([, tokens]: readonly number[], patch: number): number {
  const side = Math.sqrt(tokens!);
  if (!Number.isInteger(side))
    throw invalid(
      `tensor pos_embed holds ${tokens!} positions, which is not a square; only square models are supported`,
    );
  return side * patch;
}

/** diffusers computes the table of positions, and says only in the config how large it is. */
function sizeOfConfig(fields: Fields, patch: number): number {
  const size = fields.integer('sample_size', 1, patch * Math.sqrt(MOST_TOKENS));
  if (size === undefined)
    throw invalid(
      'a diffusers DiT does not tell its image size in its tensors; put its config.json with "sample_size" beside it',
    );
  return size;
}

function checkExtents({ flavour, hidden, channels, outChannels, patch, size, frequencies }: DitExtents): void {
  if (size % patch !== 0) throw invalid(`patches of ${patch} do not tile images of ${size}`);
  if ((size / patch) ** 2 > MOST_TOKENS)
    throw invalid(
      `images of ${size} in patches of ${patch} have ${(size / patch) ** 2} tokens; ` +
        `at most ${MOST_TOKENS} are supported`,
    );
  if (flavour === 'diffusers' && hidden % 4 !== 0)
    throw invalid(`the model is ${hidden} wide, but the table of positions is made of quarters`);
  if (frequencies % 2 !== 0)
    throw invalid(`the timestep embedding is ${frequencies} wide, but it is made of cosines and as many sines`);
  if (!Number.isInteger(outChannels))
    throw invalid(`the last layer's width is not a multiple of the patch's ${patch ** 2} pixels`);
  if (outChannels !== channels && outChannels !== 2 * channels) {
    throw invalid(
      `the model takes ${channels} channels and gives ${outChannels}; ` +
        `supported are ${channels} of noise, or ${2 * channels} where ${channels} of variance come with them`,
    );
  }
}

/** What the config says of the tensors, too, must agree with them. */
function checkClaims(extents: DitExtents, fields: Fields): void {
  const { size, patch, channels, outChannels, hidden, depth, heads, mlpHidden, normsHeads } = extents;
  const claims: Readonly<Record<string, unknown>> = {
    input_size: size,
    sample_size: size,
    patch_size: patch,
    in_channels: channels,
    out_channels: outChannels,
    hidden_size: hidden,
    depth,
    num_layers: depth,
    ff_inner_dim: mlpHidden,
    attention_head_dim: hidden / heads,
    learn_sigma: outChannels > channels,
    qk_norm: normsHeads,
  };
  for (const [name, fact] of Object.entries(claims)) {
    const found = fields.find(name);
    if (!found || found.value === fact) continue;
    throw invalid(
      `${found.place} is ${shown(found.value)}, but the tensors say ${String(fact)}; ` +
        `take the config that belongs to these weights`,
    );
  }
  const ratio = fields.number('mlp_ratio', 0, 1e6);
  if (ratio === undefined || Math.floor(hidden * ratio) === mlpHidden) return;
  throw invalid(
    `${fields.find('mlp_ratio')!.place} is ${ratio}, but the tensors say ${mlpHidden / hidden}; ` +
      `take the config that belongs to these weights`,
  );
}

function mlpEpsilon(fields: Fields, flavour: DitFlavour): number {
  const told = fields.number('norm_eps', 0, 1);
  if (flavour === 'diffusers') return told ?? 1e-5;
  if (told !== undefined && told !== 1e-6)
    wrong(fields.find('norm_eps')!, 'but a DiT in the original naming has 0.000001 everywhere');
  return 1e-6;
}

function valueRange(fields: Fields): readonly [number, number] | undefined {
  const found = fields.find('value_range');
  if (!found) return undefined;
  const { value } = found;
  const bounds = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const [low, high] = bounds;
  if (bounds.length === 2 && isBound(low) && isBound(high) && low < high) return [low, high];
  return wrong(found, 'not a pair of numbers of which the second is larger, such as [-1, 1]');
}

function isBound(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= LARGEST_VALUE;
}

function invalid(message: string): ProCacheError {
  return new ProCacheError('invalid-model', message);
}
