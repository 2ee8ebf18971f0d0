import type { ModuleCall, ModuleResult } from '../../graphs/emitter.ts';
import { asRows, exactGelu, gelu, jointly, linear, silu } from '../../graphs/layers.ts';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import type { Linear } from '../../onnx/weight.ts';
import { modulated } from './modulated.ts';

/** The two layers of an MLP, [inner, width] and [width, inner]. */
export interface Mlp {
  readonly fc1: Linear;
  readonly fc2: Linear;
}

/** What an MLP does between its two layers. */
export type Activation = 'gelu-tanh' | 'gelu' | 'silu';

export interface MlpShape {
  readonly tokens: number;
  readonly width: number;
  /** The first vector of its modulation. */
  readonly shift: number;
  /** Of the normalisation before it. */
  readonly epsilon: number;
  readonly activation: Activation;
}

/** The activations as operations. */
export const ACTIVATIONS: Readonly<Record<Activation, (g: GraphBuilder, x: Value) => Value>> = {
  'gelu-tanh': gelu,
  gelu: exactGelu,
  silu,
};

/** The modulated MLP of some calls. */
export function mlp(
  g: GraphBuilder,
  calls: readonly ModuleCall[],
  { fc1, fc2 }: Mlp,
  shape: MlpShape,
): readonly ModuleResult[] {
  const { tokens, width, activation } = shape;
  const normalised = calls.map(({ x, modulation, rows }) => {
    const wanted = rows ? g.op('Gather', [asRows(g, x, width), rows], { axis: 0 }) : x; // [images, count, width]
    return modulated(g, wanted, modulation, shape);
  });
  const features = jointly(g, normalised, (rows) => linear(g, ACTIVATIONS[activation](g, linear(g, rows, fc1)), fc2));
  return calls.map(({ rows }, i) => ({
    feature: rows ? features[i]! : g.op('Reshape', [features[i]!, g.integers([-1, tokens, width])]),
  }));
}
