import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { WeightFinder } from '../families/weight-finder.ts';
import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import { inlineWeight, type Weight } from '../onnx/weight.ts';

/** A convolution: weight [out, in, side, side], bias [out], where there is one. */
export interface Convolution {
  readonly weight: Weight;
  readonly bias: Weight | undefined;
}

/** A normalisation by groups of channels: scale and shift, [channels] each. */
export interface GroupNorm {
  readonly weight: Weight;
  readonly bias: Weight;
}

/** Finds convolutions and normalisations, whose channels their own tensors tell. */
export class LayerFinder {
  readonly #find: WeightFinder;
  readonly #tensors: Checkpoint['tensors'];
  readonly #prefix: string;
  /** The names of all tensors that were asked for. */
  readonly names: Set<string> = new Set();

  constructor(find: WeightFinder, { tensors }: Checkpoint, prefix: string) {
    this.#find = find;
    this.#tensors = tensors;
    this.#prefix = prefix;
  }

  /** The shape of a tensor, where there is one of that name. */
  shape(name: string): readonly number[] | undefined {
    return this.#tensors.get(this.#prefix + name)?.shape;
  }

  has(name: string): boolean {
    return this.shape(name) !== undefined;
  }

  /** A square kernel; the channels that it makes are its tensor's own. */
  async convolution(name: string, inner: number, side: number): Promise<Convolution> {
    const out = this.shape(`${name}.weight`)?.[0] ?? 0;
    const weight = await this.weight(`${name}.weight`, [out, inner, side, side]);
    const bias = this.has(`${name}.bias`) ? await this.weight(`${name}.bias`, [out]) : undefined;
    return { weight, bias };
  }

  async norm(name: string, channels: number): Promise<GroupNorm> {
    return {
      weight: await this.weight(`${name}.weight`, [channels]),
      bias: await this.weight(`${name}.bias`, [channels]),
    };
  }

  async weight(name: string, shape: readonly number[]): Promise<Weight> {
    this.names.add(this.#prefix + name);
    return this.#find.weight(this.#prefix + name, shape);
  }
}

/** The channels that a convolution makes. */
export function madeBy({ weight }: Convolution): number {
  return weight.shape[0]!;
}

/** [1, in, height, width] -> [1, out, height, width]; beyond the edges are zeros. */
export function convolve(g: GraphBuilder, x: Value, { weight, bias }: Convolution): Value {
  const pad = (weight.shape[2]! - 1) / 2;
  const inputs = [x, g.weight(weight), ...(bias ? [g.weight(bias)] : [])];
  return g.op('Conv', inputs, { pads: [pad, pad, pad, pad] });
}

/** By how much each axis grows. */
const TWICE = inlineWeight(Float32Array.of(1, 1, 2, 2), [4]);

/** The nearest cell for each of twice as many to each side. */
export function doubled(g: GraphBuilder, x: Value): Value {
  return g.op('Resize', [x, '', g.weight(TWICE)], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}

/**
 * Normalised over groups of channels (Wu and He, 2018), then scaled and shifted: [1, channels, height, width]. It is
 * written as the normalisation of instances, which all of ONNX Runtime's backends have a kernel for.
 */
export function groupNorm(
  g: GraphBuilder,
  x: Value,
  { weight, bias }: GroupNorm,
  { groups, epsilon }: { readonly groups: number; readonly epsilon: number },
): Value {
  const channels = weight.shape[0]!;
  const grouped = g.op('Reshape', [x, g.integers([1, groups, -1])]);
  const normed = g.op('InstanceNormalization', [grouped, g.filled(1, groups), g.filled(0, groups)], {
    epsilon: { float: epsilon },
  });
  const back = g.op('Reshape', [normed, g.op('Shape', [x])]);
  const perChannel = (value: Weight) => g.op('Reshape', [g.weight(value), g.integers([1, channels, 1, 1])]);
  return g.op('Add', [g.op('Mul', [back, perChannel(weight)]), perChannel(bias)]);
}
