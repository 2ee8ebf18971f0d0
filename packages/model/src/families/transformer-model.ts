import { type BranchId, transformerCost, type TransformerSizes } from '@procache/core';
import { type Checkpoint, elementCount } from '../checkpoint/checkpoint.ts';
import type { Emitter } from '../graphs/emitter.ts';
import { stepGraph } from '../graphs/step-graph.ts';
import { modulationGraphs, contextGraphs, plainGraph } from '../graphs/whole-graphs.ts';
import type { GraphModel } from '../graphs/graph-model.ts';
import type { TransformerModel } from '../model.ts';
import type { Linear } from '../onnx/weight.ts';

/** What a family says of a model that it has opened. */
export interface OpenedModel
  extends
    Pick<TransformerModel, 'family' | 'flavour' | 'topology' | 'latent' | 'stream' | 'takes' | 'defaults'>,
    Pick<TransformerModel, 'unreadFields' | 'valueRange' | 'checkConditions' | 'modulationRows' | 'gateOf'>,
    Partial<Pick<TransformerModel, 'contexts' | 'contextInputs'>> {
  readonly emitter: Emitter;
  /** Numbers in all tensors that the model uses. */
  readonly parameters: number;
  readonly sizes: Omit<TransformerSizes, 'topology' | 'weightBytes'>;
  /** The layers that the module of a branch multiplies by. */
  readonly layersOf: (branch: BranchId) => readonly Linear[];
}

/** The model of what its family says of it: its costs, and its graphs. */
export function transformerModel({ emitter, sizes, layersOf, ...model }: OpenedModel): TransformerModel {
  const { topology, parameters, takes, contexts = [], contextInputs = () => ({}) } = model;
  const text = takes.kind === 'texts' ? { tokens: takes.tokens, contexts } : undefined;
  const graphs: GraphModel = { ...model, emitter, text };
  return {
    ...model,
    contexts,
    contextInputs,
    cost: transformerCost({ ...sizes, topology, weightBytes: 4 * parameters }),
    weightBytes: (branch) =>
      4 *
      layersOf(branch).reduce(
        (sum, { weight, bias }) => sum + elementCount(weight.shape) + elementCount(bias.shape),
        0,
      ),
    modulationGraphs: (partBytes) => modulationGraphs(graphs, partBytes),
    contextGraphs: (partBytes) => contextGraphs(graphs, partBytes),
    stepGraph: (programs) => stepGraph(graphs, programs),
    plainGraph: () => plainGraph(graphs),
  };
}

/** The numbers in tensors of these names, all of which a checkpoint has. */
export function parametersOf({ tensors }: Checkpoint, names: Iterable<string>): number {
  return [...names].reduce((sum, name) => sum + elementCount(tensors.get(name)!.shape), 0);
}
