import { branchId, type Topology } from '@procache/core';
import { GraphBuilder, type OnnxGraph } from '../onnx/graph-builder.ts';
import type { Emitter, ModulationOwner } from './emitter.ts';
import { entry } from './layers.ts';
import type { StepGraphModel } from './step-graph.ts';

/** Bytes of weights from which on another conditioning graph is begun. */
const PART_BYTES = 192 * 2 ** 20;

/**
 * All shifts, scales and gates for any number of rows of timesteps and conditions: run before the first step.
 *
 * A third of a DiT's weights serve nothing else. They are spread over several graphs, to be run one
 * after another, so that few of them need to be in memory at a time. The outputs, side by side in
 * the order of the graphs, are the modulation.
 */
export function conditioningGraphs(emitter: Emitter, topology: Topology): readonly OnnxGraph[] {
  const owners: readonly ModulationOwner[] = [...topology.blocks.keys(), 'head'];
  const graphOf = (part: readonly ModulationOwner[]): OnnxGraph => {
    const g = new GraphBuilder('conditioning');
    g.output('modulation', emitter.conditioning(g, 'rows', part), ['rows', 'numbers']);
    return g.build();
  };
  const parts = Math.ceil(graphOf(owners).weightBytes / PART_BYTES);
  const perPart = Math.ceil(owners.length / parts);
  return Array.from({ length: Math.ceil(owners.length / perPart) }, (_, i) =>
    graphOf(owners.slice(i * perPart, (i + 1) * perPart)),
  );
}

/** The plain model: one evaluation from latent, timestep and condition to output, everything in one graph. */
export function plainGraph({ topology, emitter, stream, latent, gateOf }: StepGraphModel): OnnxGraph {
  const g = new GraphBuilder('plain');
  const input = g.input('latent', 'float32', ['images', latent.channels, latent.height, latent.width]);
  const modulation = g.op('Reshape', [
    emitter.conditioning(g, 'images', [...topology.blocks.keys(), 'head']),
    g.integers([-1, stream.entries, stream.width]),
  ]);
  let x = emitter.embed(g, input);
  topology.blocks.forEach((modules, block) => {
    for (const module of modules) {
      const branch = branchId(block, module);
      const feature = emitter.module(g, branch, [{ x, modulation }])[0]!.feature;
      const gate = gateOf(branch);
      x = g.op('Add', [x, gate === undefined ? feature : g.op('Mul', [entry(g, modulation, gate), feature])]);
    }
  });
  g.output('output', emitter.head(g, x, modulation), ['images', latent.outChannels, latent.height, latent.width]);
  return g.build();
}
