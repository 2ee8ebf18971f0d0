import type { Topology } from '@procache/core';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { ConfigReading } from '../../config/model-config.ts';
import type { TransformerModel } from '../../model.ts';
import type { ModelFamily } from '../family.ts';
import { entriesOf, gateOf } from '../parts/modulated.ts';
import { blockCount, checkNames } from '../tensor-names.ts';
import { parametersOf, transformerModel } from '../transformer-model.ts';
import { WeightFinder } from '../weight-finder.ts';
import { ditConfig, type DitConfig, type DitKind, type DitOutline } from './config.ts';
import { checkLabels, modulationRows } from './labels.ts';
import { DitEmitter } from './emitter.ts';
import { DIT_NAMES, ditFlavour } from './flavour.ts';
import { ditTensorNames, ditWeights, moduleLayers } from './weights.ts';

/**
 * Diffusion transformers for classes (Peebles and Xie, 2023), in the naming of the original and in that of diffusers.
 */
export const DIT: ModelFamily = {
  id: 'dit',
  name: 'DiT',
  recognises: (checkpoint) => ditFlavour(checkpoint) !== undefined,
  open: (checkpoint, reading) => openWithBlocksOfDit(KIND, checkpoint, reading),
};

const KIND: DitKind = {
  id: 'dit',
  name: 'DiT',
  dropsVariance: false,
  process: ({ flavour, channels, outChannels }) => ({
    rule: flavour === 'original' ? 'original' : 'leading',
    learnsVariance: outChannels > channels,
  }),
};

export type { DitKind };

/**
 * Opens a model with the blocks of a DiT: finds its tensors and knows its graphs, but reads no more weights than it
 * must.
 */
export async function openWithBlocksOfDit(
  kind: DitKind,
  checkpoint: Checkpoint,
  reading: ConfigReading,
): Promise<TransformerModel> {
  const outline = outlineOf(checkpoint);
  const names = await ditTensorNames(outline);
  checkNames(checkpoint, names, kind.name);
  const config = ditConfig(kind, checkpoint, outline, reading);
  const weights = await ditWeights(new WeightFinder(checkpoint), config);
  const topology = topologyOf(config);
  const { channels, givenChannels: outChannels, grid, hidden, depth, mlpHidden, patch } = config;
  return transformerModel({
    family: kind.id,
    flavour: config.flavour,
    topology,
    latent: { channels, outChannels, height: grid[0] * patch, width: grid[1] * patch },
    stream: { tokens: grid[0] * grid[1], width: hidden, entries: entriesOf(depth) },
    takes: config.takes,
    defaults: config.sampling,
    parameters: parametersOf(checkpoint, names),
    unreadFields: reading.unread(),
    valueRange: config.valueRange,
    checkConditions: (conditions) => checkLabels(config.takes, conditions),
    modulationRows: (timesteps, conditions) => modulationRows(config, timesteps, conditions),
    gateOf,
    emitter: new DitEmitter(config, weights),
    sizes: {
      hidden,
      mlpRatio: mlpHidden / hidden,
      patch,
      channels,
      outChannels: config.outChannels,
      modulation: 'per-block',
    },
    layersOf: (branch) => moduleLayers(weights, branch),
  });
}

function outlineOf(checkpoint: Checkpoint): DitOutline {
  const flavour = ditFlavour(checkpoint)!;
  const { blocks } = DIT_NAMES[flavour];
  return {
    flavour,
    depth: blockCount(checkpoint, blocks),
    normsHeads: checkpoint.tensors.has('blocks.0.attn.q_norm.weight'),
  };
}

function topologyOf({ depth, grid }: DitConfig): Topology {
  return { blocks: Array.from({ length: depth }, () => ['attn', 'mlp']), grid };
}
