import { branchId } from '@procache/core';
import { GraphBuilder, type OnnxGraph } from '../onnx/graph-builder.ts';
import type { Emitter, StreamShape } from './emitter.ts';
import { entry } from './layers.ts';
import type { StepGraphModel } from './step-graph.ts';

/** All shifts, scales and gates for any number of (timestep, label) rows: run once, before the first step. */
export function conditioningGraph(emitter: Emitter, { width, entries }: StreamShape, frequencies: number): OnnxGraph {
  const g = new GraphBuilder('conditioning');
  const timesteps = g.input('timesteps', 'float32', ['rows', frequencies]);
  const labels = g.input('labels', 'int64', ['rows']);
  g.output('modulation', emitter.conditioning(g, timesteps, labels), ['rows', entries * width]);
  return g.build();
}

/** The plain model: one evaluation from latent, timestep and label to output, everything in one graph. */
export function plainGraph({ topology, emitter, stream, latent, gateOf }: StepGraphModel, frequencies: number): OnnxGraph {
  const g = new GraphBuilder('plain');
  const input = g.input('latent', 'float32', ['images', latent.channels, latent.height, latent.width]);
  const timesteps = g.input('timesteps', 'float32', ['images', frequencies]);
  const labels = g.input('labels', 'int64', ['images']);
  const modulation = g.op('Reshape', [emitter.conditioning(g, timesteps, labels), g.integers([-1, stream.entries, stream.width])]);
  let x = emitter.embed(g, input);
  topology.blocks.forEach((modules, block) => {
    for (const module of modules) {
      const branch = branchId(block, module);
      const { feature } = emitter.module(g, { branch, x, modulation });
      const gate = gateOf(branch);
      x = g.op('Add', [x, gate === undefined ? feature : g.op('Mul', [entry(g, modulation, gate), feature])]);
    }
  });
  g.output('output', emitter.head(g, x, modulation), ['images', latent.outChannels, latent.height, latent.width]);
  return g.build();
}
