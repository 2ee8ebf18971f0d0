import { parseBranch, type Topology, transformerCost } from '@procache/core';
import { type Checkpoint, elementCount } from '../../checkpoint/checkpoint.ts';
import type { StreamShape } from '../../graphs/emitter.ts';
import { conditioningGraphs, plainGraph } from '../../graphs/whole-graphs.ts';
import { stepGraph, type StepGraphModel } from '../../graphs/step-graph.ts';
import type { TransformerModel } from '../../model.ts';
import { type ConfigJson, ditConfig, type DitConfig } from './config.ts';

import { DitEmitter, ENTRIES_PER_BLOCK } from './emitter.ts';
import { timestepEmbeddings } from './timesteps.ts';
import { ditWeights, moduleWeights } from './weights.ts';

/** The entry of the modulation that gates each module, counted from the block's first. */
const GATES: Readonly<Record<string, number>> = { attn: 2, mlp: 5 };

/** Opens a DiT: finds its tensors and knows its graphs, but reads no more weights than it must. */
export async function openDit(checkpoint: Checkpoint, json: ConfigJson): Promise<TransformerModel> {
  const config = ditConfig(checkpoint, json);
  const weights = await ditWeights(checkpoint, config);
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
    labels: {
      count: config.classes,
      unconditional: config.labelRows > config.classes ? config.classes : undefined,
      names: config.classNames,
    },
    defaults: config.sampling,
    cost: transformerCost({
      topology,
      hidden: config.hidden,
      mlpRatio: config.mlpHidden / config.hidden,
      patch: config.patch,
      channels: config.channels,
      outChannels: config.outChannels,
      modulation: 'per-block',
      weightBytes: 4 * parametersOf(checkpoint),
    }),

    parameters: parametersOf(checkpoint),
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

function topologyOf({ depth, size, patch }: DitConfig): Topology {
  return { blocks: Array.from({ length: depth }, () => ['attn', 'mlp']), grid: [size / patch, size / patch] };
}

function gateOf(branch: Parameters<TransformerModel['gateOf']>[0]): number | undefined {
  const { block, module } = parseBranch(branch);
  const gate = GATES[module];
  return gate === undefined ? undefined : block * ENTRIES_PER_BLOCK + gate;
}

function parametersOf({ tensors }: Checkpoint): number {
  return [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1), 0);
}
