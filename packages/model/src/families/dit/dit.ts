import { parseBranch, type Topology, transformerCost } from '@procache/core';
import { type Checkpoint, elementCount } from '../../checkpoint/checkpoint.ts';
import type { ConfigReading } from '../../config/model-config.ts';
import type { StreamShape } from '../../graphs/emitter.ts';
import { stepGraph, type StepGraphModel } from '../../graphs/step-graph.ts';
import { conditioningGraphs, plainGraph } from '../../graphs/whole-graphs.ts';
import type { TransformerModel } from '../../model.ts';
import type { ModelFamily } from '../family.ts';
import { blockCount, checkNames } from '../tensor-names.ts';
import { WeightFinder } from '../weight-finder.ts';
import { ditConfig, type DitConfig, type DitKind, type DitOutline } from './config.ts';
import { checkLabels, conditioningRows } from './conditions.ts';
import { DitEmitter, ENTRIES_PER_BLOCK } from './emitter.ts';
import { DIT_NAMES, ditFlavour } from './flavour.ts';
import { ditTensorNames, ditWeights, moduleWeights } from './weights.ts';

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

/** The entry of the modulation that gates each module, counted from the block's first. */
const GATES: Readonly<Record<string, number>> = { attn: 2, mlp: 5 };

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
  const parameters = [...names].reduce((sum, name) => sum + elementCount(checkpoint.tensors.get(name)!.shape), 0);
  const emitter = new DitEmitter(config, weights);
  const topology = topologyOf(config);
  const stream: StreamShape = {
    tokens: topology.grid[0] * topology.grid[1],
    width: config.hidden,
    entries: config.depth * ENTRIES_PER_BLOCK + 2,
  };
  const { channels, givenChannels: outChannels, size } = config;
  const latent = { channels, outChannels, height: size, width: size };
  const graphs: StepGraphModel = { topology, emitter, stream, latent, gateOf };

  return {
    family: kind.id,
    flavour: config.flavour,
    topology,
    latent,
    stream,
    takes: config.takes,
    defaults: config.sampling,
    cost: transformerCost({
      topology,
      hidden: config.hidden,
      mlpRatio: config.mlpHidden / config.hidden,
      patch: config.patch,
      channels: config.channels,
      outChannels: config.outChannels,
      modulation: 'per-block',
      weightBytes: 4 * parameters,
    }),

    parameters,
    unreadFields: reading.unread(),
    valueRange: config.valueRange,
    checkConditions: (conditions) => checkLabels(config.takes, conditions),
    conditioningRows: (timesteps, conditions) => conditioningRows(config, timesteps, conditions),
    gateOf,
    weightBytes: (branch) =>
      4 *
      moduleWeights(weights, branch).reduce(
        (sum, { weight, bias }) => sum + elementCount(weight.shape) + elementCount(bias.shape),
        0,
      ),
    conditioningGraphs: () => conditioningGraphs(emitter, topology),
    stepGraph: (programs) => stepGraph(graphs, programs),
    plainGraph: () => plainGraph(graphs),
  };
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

function topologyOf({ depth, size, patch }: DitConfig): Topology {
  return { blocks: Array.from({ length: depth }, () => ['attn', 'mlp']), grid: [size / patch, size / patch] };
}

function gateOf(branch: Parameters<TransformerModel['gateOf']>[0]): number | undefined {
  const { block, module } = parseBranch(branch);
  const gate = GATES[module];
  return gate === undefined ? undefined : block * ENTRIES_PER_BLOCK + gate;
}
