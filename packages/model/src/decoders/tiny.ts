import { ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { GraphBuilder, type OnnxGraph, type Value } from '../onnx/graph-builder.ts';
import { type Convolution, convolve, doubled, LayerFinder, madeBy } from './convolutions.ts';

// TAESD, the tiny autoencoder of Ollin Boer Bohan: a list of layers, whose places are in the names of its tensors. The
// original file begins with a clamp at place 0, which diffusers' AutoencoderTiny has outside of the list.

export type TinyFlavour = 'diffusers' | 'original';

/** Where the layers are in a checkpoint: what the names begin with, and the place of the first convolution. */
export interface FoundTiny {
  readonly flavour: TinyFlavour;
  readonly prefix: string;
  readonly first: 0 | 1;
}

/** Places after the last layer that anybody has. */
const MOST_PLACES = 1000;

/** A convolution, a residual block of three, or a doubling of the cells. */
export type TinyLayer =
  | { readonly kind: 'convolution'; readonly layer: Convolution }
  | { readonly kind: 'block'; readonly layers: readonly Convolution[]; readonly skip: Convolution | undefined }
  | { readonly kind: 'double' | 'relu' };

/** The names of the original's and of diffusers' decoder, and what a file of the decoder alone has. */
export function findTiny({ tensors }: Checkpoint): FoundTiny | undefined {
  const has = (name: string) => tensors.has(`${name}.weight`);
  if (has('decoder.layers.0') && has('decoder.layers.2.conv.0'))
    return { flavour: 'diffusers', prefix: 'decoder.layers.', first: 0 };
  for (const prefix of ['', 'decoder.', 'taesd_decoder.'])
    if (has(`${prefix}1`) && has(`${prefix}3.conv.0`)) return { flavour: 'original', prefix, first: 1 };
  return undefined;
}

/** Finds the layers, in their order. */
export async function tinyLayers(
  checkpoint: Checkpoint,
  { prefix, first }: FoundTiny,
): Promise<{ readonly layers: readonly TinyLayer[]; readonly names: ReadonlySet<string> }> {
  const finder = new LayerFinder(checkpoint, prefix);
  const layers: TinyLayer[] = [];
  let [, width] = finder.channels(`${first}`);
  const last = lastPlace(finder);
  for (let place = first; place <= last; place++) {
    const layer = await layerAt(finder, place, width, { first, last });
    layers.push(layer);
    if (layer.kind === 'block') width = madeBy(layer.layers[2]!);
    if (layer.kind === 'convolution') width = madeBy(layer.layer);
  }
  const left = [...checkpoint.tensors.keys()].find(
    (name) => name.startsWith(prefix) && /^\d/.test(name.slice(prefix.length)) && !finder.names.has(name),
  );
  if (left !== undefined) {
    throw new ProCacheError(
      'invalid-model',
      `the file has ${shownName(left)}, which the arithmetic of a TAESD does not use: ` +
        `it is another kind of autoencoder, which is not supported`,
    );
  }
  return { layers, names: finder.names };
}

/** The place of the last layer, a convolution. */
function lastPlace(finder: LayerFinder): number {
  for (let place = MOST_PLACES; place > 0; place--) {
    if (finder.has(`${place}.weight`)) return place;
    if (finder.has(`${place}.conv.0.weight`)) return place + 1;
  }
  return 0;
}

interface Ends {
  readonly first: number;
  readonly last: number;
}

/** Layers that have no tensors are told by their places: a convolution follows each doubling, without a bias. */
async function layerAt(finder: LayerFinder, place: number, width: number, { first, last }: Ends): Promise<TinyLayer> {
  if (finder.has(`${place}.conv.0.weight`)) return blockAt(finder, place, width);
  if (place === first + 1) return { kind: 'relu' };
  const isEnd = place === first || place === last;
  if (!isEnd && !finder.has(`${place}.weight`)) {
    if (place + 1 < last) finder.channels(`${place + 1}`);
    else finder.channels(`${place}.conv.0`);
    return { kind: 'double' };
  }
  return { kind: 'convolution', layer: await finder.convolution(`${place}`, width, 3, isEnd ? 'always' : 'perhaps') };
}

/** A residual block. */
async function blockAt(finder: LayerFinder, place: number, inner: number): Promise<TinyLayer> {
  const first = await finder.convolution(`${place}.conv.0`, inner, 3);
  const width = madeBy(first);
  const layers = [
    first,
    await finder.convolution(`${place}.conv.2`, width, 3),
    await finder.convolution(`${place}.conv.4`, width, 3),
  ];
  const skip = finder.has(`${place}.skip.weight`)
    ? await finder.convolution(`${place}.skip`, inner, 1, 'perhaps')
    : undefined;
  return { kind: 'block', layers, skip };
}

/** The tiny decoder for one latent of any size; diffusers' has its values from -1 to 1, the original from 0 to 1. */
export function tinyGraph(
  layers: readonly TinyLayer[],
  { flavour, scale }: { readonly flavour: TinyFlavour; readonly scale: number },
): OnnxGraph {
  const g = new GraphBuilder('decoder');
  const [first] = layers;
  const channels = first?.kind === 'convolution' ? first.layer.weight.shape[1]! : 0;
  const latent = g.input('latent', 'float32', [1, channels, 'height', 'width']);
  const scaled = scale === 1 ? latent : g.op('Div', [latent, g.scalar(scale)]);
  // Values beyond 3 are drawn in smoothly.
  let x = g.op('Mul', [g.op('Tanh', [g.op('Div', [scaled, g.scalar(3)])]), g.scalar(3)]);
  for (const layer of layers) x = computed(g, x, layer);
  const image = flavour === 'original' ? x : g.op('Sub', [g.op('Mul', [x, g.scalar(2)]), g.scalar(1)]);
  const last = layers.at(-1);
  const made = last?.kind === 'convolution' ? madeBy(last.layer) : 0;
  g.output('image', image, [1, made, 'imageHeight', 'imageWidth']);
  return { ...g.build(), largeActivations: true };
}

function computed(g: GraphBuilder, x: Value, layer: TinyLayer): Value {
  switch (layer.kind) {
    case 'convolution':
      return convolve(g, x, layer.layer);
    case 'relu':
      return g.op('Relu', [x]);
    case 'double':
      return doubled(g, x);
    case 'block': {
      const [one, two, three] = layer.layers as readonly [Convolution, Convolution, Convolution];
      const relu = (value: Value) => g.op('Relu', [value]);
      const own = convolve(g, relu(convolve(g, relu(convolve(g, x, one)), two)), three);
      return relu(g.op('Add', [own, layer.skip ? convolve(g, x, layer.skip) : x]));
    }
  }
}
