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
  epsilonOf,
  headsOf,
  tellingShape,
  valueRangeOf,
} from '../parts/config-claims.ts';
import { checkExtents, checkPositioned, factsOf, type SharedExtents } from '../parts/extents.ts';
import type { Activation } from '../parts/mlp.ts';
import { DIT_ARITHMETIC } from './arithmetic.ts';
import { ditClasses } from './classes.ts';
import { DIT_NAMES, type DitFlavour } from './flavour.ts';

/** The tensors of one DiT: how many, and how large. */
export interface DitExtents extends SharedExtents {
  readonly flavour: DitFlavour;
  /** Tokens along the height and along the width of the latent. */
  readonly grid: readonly [rows: number, columns: number];
  /** Rows of the label table, the unconditional one included. */
  readonly labelRows: number;
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
  checkClaims(fields, claimed(extents, fields));
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
    mlpEpsilon: epsilonOf(fields, { flavour, family: 'DiT', otherwise: 1e-5 }),
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
  checkDit(extents);
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

function checkDit(extents: DitExtents): void {
  const { flavour, patch, grid } = extents;
  const tokens = grid[0] * grid[1];
  if (tokens > MOST_TOKENS)
    throw invalid(
      `images of ${grid[0] * patch} in patches of ${patch} have ${tokens} tokens; at most ${MOST_TOKENS} are supported`,
    );
  if (flavour === 'diffusers') checkPositioned(extents);
  checkExtents(extents);
}

/** What the tensors say, by the names that configs have for it. */
function claimed(extents: DitExtents, fields: ConfigFields): Readonly<Record<string, unknown>> {
  const { flavour, grid, patch, normsHeads } = extents;
  const [height, width] = grid.map((tokens) => tokens * patch);
  const tellsSides = flavour === 'original' && Array.isArray(fields.find('input_size')?.value); // see gridOfTable
  return {
    ...(!tellsSides && { input_size: height }),
    sample_size: height === width ? height : `${height} x ${width}`,
    ...factsOf(extents),
    qk_norm: normsHeads,
  };
}

function invalid(message: string): ProCacheError {
  return new ProCacheError('invalid-model', message);
}
