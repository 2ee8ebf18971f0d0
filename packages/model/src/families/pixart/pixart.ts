import { branchId, ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { readFloats } from '../../checkpoint/read-floats.ts';
import type { ConfigReading } from '../../config/model-config.ts';
import type { Texts, TransformerModel } from '../../model.ts';
import type { LatentSize, ModelFamily } from '../family.ts';
import { crossContexts } from '../parts/cross-attention.ts';
import { entriesOf, gateOf } from '../parts/modulated.ts';
import { checkTexts, textInputs, timestepRows } from '../parts/texts.ts';
import { blockCount, checkNames } from '../tensor-names.ts';
import { parametersOf, transformerModel } from '../transformer-model.ts';
import { WeightFinder } from '../weight-finder.ts';
import { pixArtConfig, type PixArtConfig, seesSize } from './config.ts';
import { PixArtEmitter, TIMESTEPS } from './emitter.ts';
import { NULL_CAPTION, PIXART_NAMES, pixArtFlavour, STORED_POSITIONS } from './flavour.ts';
import { pixArtLayers, type PixArtOutline, pixArtTensorNames, pixArtWeights } from './weights.ts';

/**
 * Transformers that draw captions: PixArt-alpha (Chen et al., 2023) and PixArt-Sigma (Chen et al., 2024), in the naming
 * of the original and in that of diffusers. They draw latents of any size, to which their positions are stretched.
 */
export const PIXART: ModelFamily = {
  id: 'pixart',
  name: 'PixArt',
  recognises: (checkpoint) => pixArtFlavour(checkpoint) !== undefined,
  open: openPixArt,
};

async function openPixArt(
  checkpoint: Checkpoint,
  reading: ConfigReading,
  size?: LatentSize,
): Promise<TransformerModel> {
  const outline = outlineOf(checkpoint, reading);
  const names = await pixArtTensorNames(outline);
  checkCompression(checkpoint);
  checkNames(checkpoint, names, PIXART.name, [STORED_POSITIONS, ...(isOriginal(outline) ? [] : [NULL_CAPTION])]);
  const config = pixArtConfig(checkpoint, outline, reading, size);
  const weights = await pixArtWeights(new WeightFinder(checkpoint), config);
  const { channels, outChannels, grid, hidden, depth, patch, textTokens } = config;
  const takes = await takesOf(checkpoint, config);
  return transformerModel({
    family: PIXART.id,
    flavour: config.flavour,
    topology: { blocks: Array.from({ length: depth }, () => ['attn', 'cross', 'mlp']), grid },
    latent: { channels, outChannels, height: grid[0] * patch, width: grid[1] * patch },
    stream: { tokens: grid[0] * grid[1], width: hidden, entries: entriesOf(depth) },
    takes,
    defaults: config.sampling,
    parameters: parametersOf(checkpoint, names),
    unreadFields: reading.unread(),
    valueRange: config.valueRange,
    checkConditions: (conditions) => checkTexts(takes, conditions),
    modulationRows: (timesteps) =>
      timestepRows(TIMESTEPS, timesteps, { frequencies: config.frequencies, frequencyShift: 0 }),
    contexts: crossContexts(
      weights.blocks.map((_, i) => branchId(i, 'cross')),
      { textTokens, width: hidden },
    ),
    contextInputs: (texts) => textInputs(takes, texts),
    gateOf,
    emitter: new PixArtEmitter(config, weights),
    sizes: {
      hidden,
      mlpRatio: config.mlpHidden / hidden,
      patch,
      channels,
      outChannels,
      modulation: 'shared',
      textTokens,
    },
    layersOf: (branch) => pixArtLayers(weights, branch),
  });
}

function outlineOf(checkpoint: Checkpoint, reading: ConfigReading): PixArtOutline {
  const flavour = pixArtFlavour(checkpoint)!;
  return {
    flavour,
    depth: blockCount(checkpoint, PIXART_NAMES[flavour].blocks),
    seesSize: seesSize(checkpoint, flavour, reading.model),
  };
}

function isOriginal({ flavour }: Pick<PixArtOutline, 'flavour'>): boolean {
  return flavour === 'original';
}

/** Some of PixArt-Sigma's models for large images let several tokens share keys and values. */
function checkCompression({ tensors }: Checkpoint): void {
  const found = [...tensors.keys()].find((name) => /^blocks\.\d+\.attn\.(sr|norm)\./.test(name));
  if (found === undefined) return;
  throw new ProCacheError(
    'invalid-model',
    `tensor ${shownName(found)} compresses keys and values (PixArt-Sigma's kv_compress), which is not supported; ` +
      `take the model of that size without it`,
  );
}

/**
 * What stands for nothing: PixArt-alpha learned a caption for it; to PixArt-Sigma, whose files have one too, and to
 * diffusers it is the empty caption. The original shows as much of it as the image's own caption has.
 */
async function takesOf(checkpoint: Checkpoint, config: PixArtConfig): Promise<Texts> {
  const { textTokens: tokens, textWidth: width } = config;
  const sizes = { kind: 'texts', tokens, width } as const;
  if (!isOriginal(config)) return { ...sizes, unconditional: undefined };
  await new WeightFinder(checkpoint).weight(NULL_CAPTION, [tokens, width]);
  if (config.isSigma) return { ...sizes, unconditional: undefined, nothingLength: 'text' };
  const values = await readFloats(checkpoint.tensors.get(NULL_CAPTION)!);
  return { ...sizes, unconditional: { values, tokens }, nothingLength: 'text' };
}
