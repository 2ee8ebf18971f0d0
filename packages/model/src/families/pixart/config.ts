import { ProCacheError } from '@procache/core';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { type ConfigFields, wrong } from '../../config/fields.ts';
import type { ConfigReading } from '../../config/model-config.ts';
import { samplingProcess } from '../../config/sampling-process.ts';
import type { SamplingDefaults } from '../../model.ts';
import type { LatentSize } from '../family.ts';
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
import { checkExtents, checkPositioned, factsOf } from '../parts/extents.ts';
import type { Activation } from '../parts/mlp.ts';
import { PIXART_ARITHMETIC } from './arithmetic.ts';
import { NULL_CAPTION, PIXART_NAMES, type PixArtFlavour } from './flavour.ts';
import { gridOf, positionSpacing, toldSize, trainedSide } from './size.ts';
import type { PixArtExtents, PixArtOutline } from './weights.ts';

/** The extents and the arithmetic of one PixArt. */
export interface PixArtConfig extends PixArtExtents {
  /** Whether it is a PixArt-Sigma, which captions of 300 tokens tell. */
  readonly isSigma: boolean;
  /** Tokens along the height and along the width of the latent. */
  readonly grid: readonly [rows: number, columns: number];
  /** What positions grow by from row to row, and from column to column. */
  readonly spacing: readonly [rows: number, columns: number];
  /** Height and width in pixels, of which a model is told that sees the size of its images. */
  readonly told: readonly [height: number, width: number] | undefined;
  readonly activation: Activation;
  /** Epsilon of the normalisations of the blocks. */
  readonly epsilon: number;
  readonly valueRange: readonly [number, number] | undefined;
  readonly sampling: SamplingDefaults;
}

/** Tokens of the captions of PixArt-alpha and of PixArt-Sigma. */
const ALPHA_TOKENS = 120;
const SIGMA_TOKENS = 300;

/** The most tokens of a caption: T5 reads 512. */
const MOST_TEXT_TOKENS = 512;

/**
 * Whether a model is told the size of its images: of the original the tensors say it, of diffusers the config, where
 * `null` means "if it is one for images of 1024 pixels".
 *
 * @throws {ProCacheError} `invalid-model` where config and tensors contradict each other.
 */
export function seesSize(checkpoint: Checkpoint, flavour: PixArtFlavour, fields: ConfigFields): boolean {
  const has = checkpoint.tensors.has(`${PIXART_NAMES[flavour].size[0]}.weight`);
  const found = fields.find('use_additional_conditions', 'micro_condition');
  const told = fields.flag('use_additional_conditions') ?? fields.flag('micro_condition');
  if (found && told !== has)
    return wrong(
      found,
      `but the tensors that take the size of an image are ${has ? 'there' : 'missing'}; ` +
        `take the config that belongs to these weights`,
    );
  if (found || flavour === 'original') return has;
  return fields.integer('sample_size', 1, 1e6) === 128;
}

/**
 * Reads a PixArt's extents from the shapes of its tensors, all of which are there, and from its config what shapes do
 * not tell. Latents are of the size that is `asked` for, else of the one that the model was trained for.
 *
 * @throws {ProCacheError} `invalid-model` where the two contradict each other, or say what is not supported;
 * `invalid-input` for latents of a size that cannot be drawn.
 */
export function pixArtConfig(
  checkpoint: Checkpoint,
  outline: PixArtOutline,
  config: ConfigReading,
  asked: LatentSize | undefined,
): PixArtConfig {
  const fields = config.model;
  const { flavour } = outline;
  const extents = extentsOf(checkpoint, outline, config);
  const { patch, channels, outChannels, hidden, mlpHidden, textTokens } = extents;
  const side = trainedSide(checkpoint, { flavour, patch, fields });
  checkClaims(fields, claimed(extents));
  checkMlpRatio(fields, hidden, mlpHidden);
  checkArithmetic(fields, { ...PIXART_ARITHMETIC, flavour: [flavour] }, 'PixArt');
  fields.find('num_embeds_ada_norm', 'class_dropout_prob', 'drop_path'); // of training, or of no layer that there is
  const grid = gridOf(side, patch, asked);
  const isSigma = textTokens === SIGMA_TOKENS;
  return {
    ...extents,
    grid,
    isSigma,
    spacing: positionSpacing({ grid, side, patch, fields, isSigma: isSigma && flavour === 'original' }),
    told: outline.seesSize ? toldSize(grid, patch, fields) : undefined,
    activation: activationOf(fields),
    epsilon: epsilonOf(fields, { flavour, family: 'PixArt', otherwise: 1e-6 }),
    valueRange: valueRangeOf(fields),
    sampling: {
      ...samplingProcess(config, processOf(flavour, extents, fields)),
      guidanceChannels: fields.integer('guidance_channels', 1, outChannels) ?? channels,
    },
  };
}

/**
 * How a PixArt is drawn with where no scheduler says: 20 steps of DPM-Solver++ under guidance of 4.5, in the continuous
 * time of the original, and in the timesteps of diffusers. Models of pixels are not those, and go as DiT does.
 */
function processOf(
  flavour: PixArtFlavour,
  { channels, outChannels }: PixArtExtents,
  fields: ConfigFields,
): Parameters<typeof samplingProcess>[1] {
  const learnsVariance = outChannels > channels;
  if (valueRangeOf(fields)) return { rule: 'original', learnsVariance };
  const rule = flavour === 'original' ? 'time-uniform' : 'linspace';
  return { rule, sampler: 'dpm++', steps: 20, guidance: 4.5, learnsVariance };
}

function extentsOf(checkpoint: Checkpoint, outline: PixArtOutline, config: ConfigReading): PixArtExtents {
  const names = PIXART_NAMES[outline.flavour];
  const shape = (name: string, rank: number) => tellingShape(checkpoint, name, rank, 'PixArt');
  const [hidden, channels, patch] = shape(`${names.patch}.weight`, 4);
  const [mlpHidden] = shape(`${names.blocks}.0.${names.mlp[0]}.weight`, 2);
  const [, frequencies] = shape(`${names.timestep[0]}.weight`, 2);
  const [, textWidth] = shape(`${names.caption[0]}.weight`, 2);
  const [outWidth] = shape(`${names.head}.weight`, 2);
  const extents: PixArtExtents = {
    ...outline,
    hidden: hidden!,
    heads: headsOf(config.model, hidden!, 'PixArt'),
    mlpHidden: mlpHidden!,
    patch: patch!,
    channels: channels!,
    outChannels: outWidth! / patch! ** 2,
    frequencies: frequencies!,
    textTokens: outline.flavour === 'original' ? shape(NULL_CAPTION, 2)[0]! : textTokensOf(config),
    textWidth: textWidth!,
  };
  checkPixArt(extents);
  return extents;
}

/** diffusers leaves the length of captions to the pipeline: 120 tokens, and of PixArt-Sigma's 300. */
function textTokensOf({ model, classes }: ConfigReading): number {
  const told = model.integer(['caption_length', 'model_max_length'], 1, MOST_TEXT_TOKENS);
  return told ?? (classes.find('_class_name')?.value === 'PixArtSigmaPipeline' ? SIGMA_TOKENS : ALPHA_TOKENS);
}

function checkPixArt(extents: PixArtExtents): void {
  const { hidden, seesSize: told, textTokens } = extents;
  checkPositioned(extents);
  checkExtents(extents);
  if (told && hidden % 3 !== 0)
    throw invalid(`the model is ${hidden} wide, but what it is told of an image's size is made of thirds`);
  if (textTokens > MOST_TEXT_TOKENS)
    throw invalid(`captions have ${textTokens} tokens, more than the ${MOST_TEXT_TOKENS} that are supported`);
}

/** What the tensors say, by the names that configs have for it. */
function claimed(extents: PixArtExtents): Readonly<Record<string, unknown>> {
  const { flavour, channels, outChannels, hidden, textTokens, textWidth } = extents;
  return {
    ...factsOf(extents),
    cross_attention_dim: hidden,
    caption_channels: textWidth,
    ...(flavour === 'original' && { caption_length: textTokens, model_max_length: textTokens }),
    pred_sigma: outChannels > channels,
  };
}

function invalid(message: string): ProCacheError {
  return new ProCacheError('invalid-model', message);
}
