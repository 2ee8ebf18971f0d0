import { ProCacheError } from '@procache/core';
import { type Checkpoint, isCount } from '../../checkpoint/checkpoint.ts';
import { type ConfigFields, wrong } from '../../config/fields.ts';
import type { ConfigReading } from '../../config/model-config.ts';
import { type ProcessOfFamily, samplingProcess } from '../../config/sampling-process.ts';
import type { Classes, SamplingDefaults } from '../../model.ts';
import {
  activationOf,
  checkArithmetic,
  checkClaims,
  checkMlpRatio,
  headsOf,
  tellingShape,
  valueRangeOf,
} from '../parts/config-claims.ts';
import type { Activation } from '../parts/mlp.ts';
import { DIT_ARITHMETIC } from './arithmetic.ts';
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
  /** Tokens along the height and along the width of the latent. */
  readonly grid: readonly [rows: number, columns: number];
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

/** The most patches of an image; the attention map of one head has their square. The largest published DiT has 1024. */
const MOST_TOKENS = 16_384;

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
  checkClaims(fields, factsOf(extents, fields));
  checkMlpRatio(fields, extents.hidden, extents.mlpHidden);
  checkArithmetic(fields, { ...DIT_ARITHMETIC, flavour: [flavour] }, 'DiT');
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
    activation: activationOf(fields),
    mlpEpsilon: mlpEpsilon(fields, flavour),
    valueRange: valueRangeOf(fields),
    sampling: { ...samplingProcess(config, kind.process(extents)), guidanceChannels },
  };
}

function extentsOf(checkpoint: Checkpoint, outline: DitOutline, fields: ConfigFields): DitExtents {
  const names = DIT_NAMES[outline.flavour];
  const shape = (name: string, rank: number) => tellingShape(checkpoint, name, rank, 'DiT');
  const [hidden, channels, patch] = shape(names.patch, 4);
  const [labelRows] = shape(names.labels, 2);
  const [mlpHidden] = shape(names.fc1, 2);
  const [, frequencies] = shape(names.timestep, 2);
  const [outWidth] = shape(names.head, 2);
  const extents: DitExtents = {
    ...outline,
    hidden: hidden!,
    heads: headsOf(fields, hidden!, 'DiT'),
    mlpHidden: mlpHidden!,
    patch: patch!,
    channels: channels!,
    outChannels: outWidth! / patch! ** 2,
    grid:
      outline.flavour === 'original'
        ? gridOfTable(shape('pos_embed', 3), fields, patch!)
        : gridOfConfig(fields, patch!),
    labelRows: labelRows!,
    frequencies: frequencies!,
  };
  checkExtents(extents);
  return extents;
}

/** The original stores its table of positions; that of a latent which is not square says nothing of its sides. */
function gridOfTable([, tokens]: readonly number[], fields: ConfigFields, patch: number): DitExtents['grid'] {
  const found = fields.find('input_size');
  if (found && Array.isArray(found.value)) {
    const [rows, columns, ...more] = found.value.map((side: unknown) => Number(side) / patch);
    if (isCount(rows) && isCount(columns) && more.length === 0 && rows * columns === tokens) return [rows, columns];
    return wrong(found, `but tensor pos_embed holds ${tokens!} positions of patches of ${patch}; give [height, width]`);
  }
  const side = Math.sqrt(tokens!);
  if (Number.isInteger(side)) return [side, side];
  throw invalid(
    `tensor pos_embed holds ${tokens!} positions, which is not a square; ` +
      `put a config.json with "input_size": [height, width] beside the file`,
  );
}

/** diffusers computes the table of positions, and says only in the config how large it is. */
function gridOfConfig(fields: ConfigFields, patch: number): DitExtents['grid'] {
  const size = fields.integer('sample_size', 1, patch * Math.sqrt(MOST_TOKENS));
  if (size === undefined)
    throw invalid(
      'a diffusers DiT does not tell its image size in its tensors; put its config.json with "sample_size" beside it',
    );
  if (size % patch !== 0) throw invalid(`patches of ${patch} do not tile images of ${size}`);
  return [size / patch, size / patch];
}

function checkExtents({ flavour, hidden, channels, outChannels, patch, grid, frequencies }: DitExtents): void {
  const tokens = grid[0] * grid[1];
  if (tokens > MOST_TOKENS)
    throw invalid(
      `images of ${grid[0] * patch} in patches of ${patch} have ${tokens} tokens; at most ${MOST_TOKENS} are supported`,
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

/** What the tensors say, by the names that configs have for it. */
function factsOf(extents: DitExtents, fields: ConfigFields): Readonly<Record<string, unknown>> {
  const { flavour, grid, patch, channels, outChannels, hidden, depth, heads, mlpHidden, normsHeads } = extents;
  const [height, width] = grid.map((tokens) => tokens * patch);
  const tellsSides = flavour === 'original' && Array.isArray(fields.find('input_size')?.value); // see gridOfTable
  return {
    ...(!tellsSides && { input_size: height }),
    sample_size: height === width ? height : `${height} x ${width}`,
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
}

function mlpEpsilon(fields: ConfigFields, flavour: DitFlavour): number {
  const told = fields.number('norm_eps', 0, 1);
  if (flavour === 'diffusers') return told ?? 1e-5;
  if (told !== undefined && told !== 1e-6)
    wrong(fields.find('norm_eps')!, 'but a DiT in the original naming has 0.000001 everywhere');
  return 1e-6;
}

function invalid(message: string): ProCacheError {
  return new ProCacheError('invalid-model', message);
}
