import { branchId } from '@procache/core';
import { GraphBuilder, type OnnxGraph, type Value } from '../onnx/graph-builder.ts';
import type { ContextTensor, ModulationOwner } from './emitter.ts';
import type { GraphModel } from './graph-model.ts';
import { entry } from './layers.ts';
import { contextOf, IMAGES, PADDING, TEXTS } from './names.ts';

/** Bytes of weights from which on another graph of modulations, or of contexts, is begun. */
const PART_BYTES = 192 * 2 ** 20;

/**
 * All shifts, scales and gates for any number of rows of timesteps and conditions: run before the first step.
 *
 * A third of a DiT's weights serve nothing else. They are spread over several graphs, to be run one
 * after another, so that few of them need to be in memory at a time. The outputs, side by side in
 * the order of the graphs, are the modulation.
 */
export function modulationGraphs(
  { emitter, topology }: GraphModel,
  partBytes: number = PART_BYTES,
): readonly OnnxGraph[] {
  const owners: readonly ModulationOwner[] = [...topology.blocks.keys(), 'head'];
  return inParts(owners, partBytes, (part) => {
    const g = new GraphBuilder('conditioning');
    g.output('modulation', emitter.modulations(g, 'rows', part), ['rows', 'numbers']);
    return g.build();
  });
}

/**
 * All that attention to text takes of any number of texts: run before the first step, and in several graphs as
 * modulations are. Each context is an output of one of them, under the name that it has as an input of steps.
 */
export function contextGraphs({ emitter, text }: GraphModel, partBytes: number = PART_BYTES): readonly OnnxGraph[] {
  if (!text || text.contexts.length === 0) return [];
  return inParts(text.contexts, partBytes, (part) => {
    const g = new GraphBuilder('contexts');
    const values = emitter.contexts!(g, TEXTS, part);
    part.forEach(({ name, shape }, i) => g.output(contextOf(name), values[i]!, [TEXTS, ...shape], 'feature'));
    return g.build();
  });
}

/** Graphs of about as many things each, so many that none holds much more weight than `partBytes`. */
function inParts<Thing>(
  things: readonly Thing[],
  partBytes: number,
  graphOf: (part: readonly Thing[]) => OnnxGraph,
): readonly OnnxGraph[] {
  const parts = Math.ceil(graphOf(things).weightBytes / partBytes);
  const perPart = Math.max(1, Math.ceil(things.length / parts));
  return Array.from({ length: Math.ceil(things.length / perPart) }, (_, i) =>
    graphOf(things.slice(i * perPart, (i + 1) * perPart)),
  );
}

/**
 * The plain model: one evaluation from latent, timestep and condition to output, everything in one graph, with as many
 * conditions as images.
 */
export function plainGraph(model: GraphModel): OnnxGraph {
  const { topology, emitter, stream, latent, gateOf } = model;
  const g = new GraphBuilder('plain');
  const input = g.input('latent', 'float32', [IMAGES, latent.channels, latent.height, latent.width]);
  const modulation = g.op('Reshape', [
    emitter.modulations(g, IMAGES, [...topology.blocks.keys(), 'head']),
    g.integers([-1, stream.entries, stream.width]),
  ]);
  const texts = plainTexts(g, model);
  let x = emitter.embed(g, input);
  topology.blocks.forEach((modules, block) => {
    for (const module of modules) {
      const branch = branchId(block, module);
      const feature = emitter.module(g, branch, [{ x, modulation, ...texts }])[0]!.feature;
      const gate = gateOf(branch);
      x = g.op('Add', [x, gate === undefined ? feature : g.op('Mul', [entry(g, modulation, gate), feature])]);
    }
  });
  g.output('output', emitter.head(g, x, modulation), [IMAGES, latent.outChannels, latent.height, latent.width]);
  return g.build();
}

/** What modules see of the texts where each image brings its own. */
function plainTexts(
  g: GraphBuilder,
  { emitter, text }: GraphModel,
): { readonly context: (name: string) => Value; readonly padding: () => Value } {
  const contexts: readonly ContextTensor[] = text?.contexts ?? [];
  const values = contexts.length > 0 ? emitter.contexts!(g, IMAGES, contexts) : [];
  const padding = text && g.input(PADDING, 'float32', [IMAGES, 1, 1, text.tokens]);
  return {
    context: (name) => values[contexts.findIndex((each) => each.name === name)]!,
    padding: () => padding!,
  };
}
