import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import { asRows, linear } from '../../graphs/layers.ts';
import { type Linear, reshaped, type Weight } from '../../onnx/weight.ts';
import type { WeightSource } from '../weight-finder.ts';

/** How a latent is cut into tokens: square patches, row by row. */
export interface PatchGrid {
  readonly rows: number;
  readonly columns: number;
  /** The side of a patch, in pixels of the latent. */
  readonly patch: number;
}

/** What makes a token of a patch. */
export interface PatchEmbedding {
  /** [width, channels * patch * patch] */
  readonly patch: Linear;
  /** [tokens, width] */
  readonly positions: Weight;
}

/** The convolution that makes tokens of patches. Its stride is its kernel: it is a linear layer over their pixels. */
export async function patchLinear(
  find: WeightSource,
  name: string,
  { width, channels, patch }: { readonly width: number; readonly channels: number; readonly patch: number },
): Promise<Linear> {
  const weight = await find.weight(`${name}.weight`, [width, channels, patch, patch]);
  return {
    weight: reshaped(weight, [width, channels * patch * patch]),
    bias: await find.weight(`${name}.bias`, [width]),
  };
}

/** Patches as tokens, with their positions: [images, channels, height, width] -> [images, tokens, width] */
export function embedPatches(
  g: GraphBuilder,
  latent: Value,
  { patch: layer, positions }: PatchEmbedding,
  { rows, columns, patch }: PatchGrid,
): Value {
  const [width, pixels] = layer.weight.shape as readonly [number, number];
  const cut = g.op('Reshape', [latent, g.integers([-1, pixels / patch ** 2, rows, patch, columns, patch])]);
  const patches = g.op('Transpose', [cut], { perm: [0, 2, 4, 1, 3, 5] }); // [images, rows, columns, channels, ...]
  const embedded = linear(g, asRows(g, patches, pixels), layer);
  const tokens = g.op('Reshape', [embedded, g.integers([-1, rows * columns, width])]);
  return g.op('Add', [tokens, g.weight(positions)]);
}

/**
 * Tokens as an image: [images * tokens, width] -> [images, channels, height, width]. The layer makes the pixels of a
 * patch, [patch * patch * its channels, width]; the first `channels` of its channels are given.
 */
export function imageOfTokens(
  g: GraphBuilder,
  tokens: Value,
  layer: Linear,
  { rows, columns, patch, channels }: PatchGrid & { readonly channels: number },
): Value {
  const made = layer.weight.shape[0]! / patch ** 2;
  const pixels = linear(g, tokens, layer);
  const all = g.op('Reshape', [pixels, g.integers([-1, rows, columns, patch, patch, made])]);
  const patches = channels < made ? g.op('Slice', [all, ...[0, channels, 5].map((n) => g.integers([n]))]) : all;
  const image = g.op('Transpose', [patches], { perm: [0, 5, 1, 3, 2, 4] }); // [images, channels, rows, patch, ...]
  return g.op('Reshape', [image, g.integers([-1, channels, rows * patch, columns * patch])]);
}
