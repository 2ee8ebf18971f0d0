import { ProCacheError } from '@procache/core';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { tellingShape } from '../families/parts/config-claims.ts';
import { WeightFinder } from '../families/weight-finder.ts';
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
  readonly #checkpoint: Checkpoint;
  readonly #prefix: string;
  /** The names of all tensors that were asked for. */
  readonly names: Set<string> = new Set();

  constructor(checkpoint: Checkpoint, prefix: string) {
    this.#find = new WeightFinder(checkpoint);
    this.#checkpoint = checkpoint;
    this.#prefix = prefix;
  }

  /** The shape of a tensor, where there is one of that name. */
  shape(name: string): readonly number[] | undefined {
    return this.#checkpoint.tensors.get(this.#prefix + name)?.shape;
  }

  /** Whether there is a tensor of that name. */
  has(name: string): boolean {
    return this.shape(name) !== undefined;
  }

  /** The channels that a convolution takes and makes, by its kernel. */
  channels(name: string): readonly [out: number, inner: number] {
    const kernel = `${name}.weight`;
    if (!this.has(kernel)) throw new ProCacheError('invalid-model', `tensor ${this.#prefix}${kernel} is missing`);
    const [out, inner] = tellingShape(this.#checkpoint, this.#prefix + kernel, 4, 'decoder');
    return [out!, inner!];
  }

  /** A square kernel; the channels that it makes are its tensor's own. `bias` says whether it must have one. */
  async convolution(
    name: string,
    inner: number,
    side: number,
    bias: 'always' | 'perhaps' = 'always',
  ): Promise<Convolution> {
    const [out] = this.channels(name);
    const weight = await this.weight(`${name}.weight`, [out, inner, side, side]);
    const without = bias === 'perhaps' && !this.has(`${name}.bias`);
    return { weight, bias: without ? undefined : await this.weight(`${name}.bias`, [out]) };
  }

  /** The normalisation of so many channels. */
  async norm(name: string, channels: number): Promise<GroupNorm> {
    return {
      weight: await this.weight(`${name}.weight`, [channels]),
      bias: await this.weight(`${name}.bias`, [channels]),
    };
  }

  /** A tensor of that shape. */
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
