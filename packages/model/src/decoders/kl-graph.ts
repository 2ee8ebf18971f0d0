import { linear, silu } from '../graphs/layers.ts';
import { GraphBuilder, type OnnxGraph, type Value } from '../onnx/graph-builder.ts';
import { convolve, doubled, groupNorm, madeBy } from './convolutions.ts';
import type { KlWeights, MidAttention, Resnet } from './kl-weights.ts';

/** What is not in the tensors of an AutoencoderKL. */
export interface KlArithmetic {
  /** Groups of each normalisation. */
  readonly groups: number;
  /** Latents are what the encoder gave, less `shift`, times `scale`. */
  readonly scale: number;
  readonly shift: number;
}

/** The epsilon of all normalisations. */
const EPSILON = 1e-6;

/** The decoder half of an AutoencoderKL (Rombach et al., 2022) for one latent of any size. */
export function klGraph(weights: KlWeights, { groups, scale, shift }: KlArithmetic): OnnxGraph {
  const g = new GraphBuilder('decoder');
  const norm = { groups, epsilon: EPSILON };
  const { postQuant, first, middle, attention, blocks, lastNorm, last } = weights;
  const channels = (postQuant ?? first).weight.shape[1]!;
  const latent = g.input('latent', 'float32', [1, channels, 'height', 'width']);
  const scaled = g.op('Div', [latent, g.scalar(scale)]);
  let x = shift === 0 ? scaled : g.op('Add', [scaled, g.scalar(shift)]);
  if (postQuant) x = convolve(g, x, postQuant);
  x = resnet(g, convolve(g, x, first), middle[0], norm);
  if (attention) x = g.op('Add', [x, midAttention(g, x, attention, norm)]);
  x = resnet(g, x, middle[1], norm);
  for (const { resnets, upsampler } of blocks) {
    for (const each of resnets) x = resnet(g, x, each, norm);
    if (upsampler) x = convolve(g, doubled(g, x), upsampler);
  }
  const image = convolve(g, silu(g, groupNorm(g, x, lastNorm, norm)), last);
  g.output('image', image, [1, madeBy(last), 'imageHeight', 'imageWidth']);
  return { ...g.build(), largeActivations: true };
}

interface NormShape {
  readonly groups: number;
  readonly epsilon: number;
}

function resnet(g: GraphBuilder, x: Value, { norm1, conv1, norm2, conv2, shortcut }: Resnet, norm: NormShape): Value {
  const inner = convolve(g, silu(g, groupNorm(g, x, norm1, norm)), conv1);
  const own = convolve(g, silu(g, groupNorm(g, inner, norm2, norm)), conv2);
  return g.op('Add', [shortcut ? convolve(g, x, shortcut) : x, own]);
}

/** Attention among all cells of one image, with one head: [1, channels, height, width]. */
function midAttention(g: GraphBuilder, x: Value, layers: MidAttention, norm: NormShape): Value {
  const channels = layers.query.weight.shape[0]!;
  const normed = groupNorm(g, x, layers.norm, norm);
  const rows = g.op('Transpose', [g.op('Reshape', [normed, g.integers([channels, -1])])], { perm: [1, 0] });
  const queries = g.op('Mul', [linear(g, rows, layers.query), g.scalar(channels ** -0.5)]);
  const keys = g.op('Transpose', [linear(g, rows, layers.key)], { perm: [1, 0] });
  const map = g.op('Softmax', [g.op('MatMul', [queries, keys])], { axis: -1 }); // [cells, cells]
  const mixed = linear(g, g.op('MatMul', [map, linear(g, rows, layers.value)]), layers.projection);
  return g.op('Reshape', [g.op('Transpose', [mixed], { perm: [1, 0] }), g.op('Shape', [x])]);
}
