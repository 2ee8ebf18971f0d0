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
import { ditConfig, type DitConfig, type DitOutline } from './config.ts';
import { DitEmitter, ENTRIES_PER_BLOCK } from './emitter.ts';
import { DIT_NAMES, ditFlavour } from './flavour.ts';
import { timestepEmbeddings } from './timesteps.ts';
import { ditTensorNames, ditWeights, moduleWeights } from './weights.ts';

/** Diffusion transformers for classes (Peebles and Xie, 2023), in the naming of the original and in that of diffusers. */
export const DIT: ModelFamily = {
  name: 'DiT',
  recognises: (checkpoint) => ditFlavour(checkpoint) !== undefined,
  open: openDit,
};

/** The entry of the modulation that gates each module, counted from the block's first. */
const GATES: Readonly<Record<string, number>> = { attn: 2, mlp: 5 };

/** Finds its tensors and knows its graphs, but reads no more weights than it must. */
async function openDit(checkpoint: Checkpoint, reading: ConfigReading): Promise<TransformerModel> {
  const outline = outlineOf(checkpoint);
  const names = await ditTensorNames(outline);
  checkNames(checkpoint, names, DIT.name);
  const config = ditConfig(checkpoint, outline, reading);
  const weights = await ditWeights(new WeightFinder(checkpoint), config);
  const parameters = [...names].reduce((sum, name) => sum + elementCount(checkpoint.tensors.get(name)!.shape), 0);
  const emitter = new DitEmitter(config, weights);
  const topology = topologyOf(config);
  const stream: StreamShape = { tokens: topology.grid[0] * topology.grid[1], width: config.hidden, entries: config.depth * ENTRIES_PER_BLOCK + 2 };
  const latent = { channels: config.channels, outChannels: config.outChannels, height: config.size, width: config.size };
  const graphs: StepGraphModel = { topology, emitter, stream, latent, gateOf };

  return {
    family: 'dit',
    flavour: config.flavour,
    topology,
    latent,
    stream,
    labels: config.labels,
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
    embedTimesteps: (timesteps) => ({
      data: timestepEmbeddings(timesteps, config.frequencies, config.frequencyShift),
      frequencies: config.frequencies,
    }),
    gateOf,
    weightBytes: (branch) => 4 * moduleWeights(weights, branch).reduce((sum, { weight, bias }) => sum + elementCount(weight.shape) + elementCount(bias.shape), 0),
    conditioningGraphs: () => conditioningGraphs(emitter, topology, config.frequencies),
    stepGraph: (programs) => stepGraph(graphs, programs),
    plainGraph: () => plainGraph(graphs, config.frequencies),
  };
}

function outlineOf(checkpoint: Checkpoint): DitOutline {
  const flavour = ditFlavour(checkpoint)!;
  const { blocks } = DIT_NAMES[flavour];
  return { flavour, depth: blockCount(checkpoint, blocks), normsHeads: checkpoint.tensors.has('blocks.0.attn.q_norm.weight') };
}

function topologyOf({ depth, size, patch }: DitConfig): Topology {
  return { blocks: Array.from({ length: depth }, () => ['attn', 'mlp']), grid: [size / patch, size / patch] };
}

function gateOf(branch: Parameters<TransformerModel['gateOf']>[0]): number | undefined {
  const { block, module } = parseBranch(branch);
  const gate = GATES[module];
  return gate === undefined ? undefined : block * ENTRIES_PER_BLOCK + gate;
}
