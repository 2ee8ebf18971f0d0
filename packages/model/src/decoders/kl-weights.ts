import { ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { type Linear, reshaped } from '../onnx/weight.ts';
import { type Convolution, type GroupNorm, LayerFinder, madeBy } from './convolutions.ts';
import { attentionNames, type FoundKl, KL_NAMES, type KlNames } from './kl-names.ts';

/** The weights of the decoder half of an AutoencoderKL. */
export interface KlWeights {
  /** From the latents' channels to as many; absent where training had none. */
  readonly postQuant: Convolution | undefined;
  readonly first: Convolution;
  readonly middle: readonly [Resnet, Resnet];
  readonly attention: MidAttention | undefined;
  readonly blocks: readonly UpBlock[];
  readonly lastNorm: GroupNorm;
  readonly last: Convolution;
}

export interface Resnet {
  readonly norm1: GroupNorm;
  readonly conv1: Convolution;
  readonly norm2: GroupNorm;
  readonly conv2: Convolution;
  /** Where the channels change. */
  readonly shortcut: Convolution | undefined;
}

/** Attention among all cells, with one head. */
export interface MidAttention {
  readonly norm: GroupNorm;
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly projection: Linear;
}

export interface UpBlock {
  readonly resnets: readonly Resnet[];
  readonly upsampler: Convolution | undefined;
}

export interface FoundKlWeights {
  readonly weights: KlWeights;
  readonly names: ReadonlySet<string>;
}

/** What autoencoders that quantise have, under the names of an AutoencoderKL otherwise. */
const CODEBOOK = 'quantize.embedding.weight';

/**
 * Finds the tensors of the decoder half; those of the encoder half are left aside.
 *
 * @throws {ProCacheError} `invalid-model` where tensors are missing, or of the decoder's some are left over.
 */
export async function klWeights(checkpoint: Checkpoint, { flavour, prefix }: FoundKl): Promise<FoundKlWeights> {
  if (checkpoint.tensors.has(`${prefix}${CODEBOOK}`)) {
    throw new ProCacheError(
      'invalid-model',
      `tensor ${prefix}${CODEBOOK} is of a VQModel, which rounds latents to a codebook and is not supported; ` +
        `take the AutoencoderKL that the model was trained with`,
    );
  }
  const finder = new LayerFinder(checkpoint, prefix);
  const names = KL_NAMES[flavour];
  const weights = await weightsOf(finder, names);
  const left = [...checkpoint.tensors.keys()].filter(
    (name) => name.startsWith(`${prefix}decoder.`) && !finder.names.has(name),
  );
  if (left.length > 0) {
    throw new ProCacheError(
      'invalid-model',
      `the decoder has ${shownName(left[0]!)}${left.length > 1 ? ` and ${left.length - 1} more tensors` : ''}, which ` +
        `the arithmetic of an AutoencoderKL does not use: it is another kind of autoencoder, which is not supported`,
    );
  }
  return { weights, names: finder.names };
}

async function weightsOf(finder: LayerFinder, names: KlNames): Promise<KlWeights> {
  const [, latents] = finder.channels('decoder.conv_in');
  const postQuant = finder.has('post_quant_conv.weight')
    ? await finder.convolution('post_quant_conv', finder.channels('post_quant_conv')[1], 1)
    : undefined;
  const first = await finder.convolution('decoder.conv_in', postQuant ? madeBy(postQuant) : latents, 3);
  const wide = madeBy(first);
  const middle = [
    await resnet(finder, names.middle[0], wide, names),
    await resnet(finder, names.middle[1], wide, names),
  ] as const;
  const blocks = await upBlocks(finder, names, wide);
  const inner = madeBy(blocks.at(-1)!.resnets.at(-1)!.conv2);
  return {
    ...{ postQuant, first, middle, blocks },
    attention: await midAttention(finder, names.attention, wide),
    lastNorm: await finder.norm(names.lastNorm, inner),
    last: await finder.convolution('decoder.conv_out', inner, 3),
  };
}

/** The blocks, each of as many residual ones; all but the last double the image. */
async function upBlocks(finder: LayerFinder, names: KlNames, wide: number): Promise<readonly UpBlock[]> {
  const levels = levelsOf(finder, names);
  const blocks: UpBlock[] = [];
  let inner = wide;
  for (let level = 0; level < levels; level++) {
    const at = names.block(level, levels);
    const resnets: Resnet[] = [];
    const count = blocks[0]?.resnets.length;
    for (let i = 0; count === undefined ? i === 0 || finder.has(`${at.resnet(i)}.conv1.weight`) : i < count; i++) {
      const own = await resnet(finder, at.resnet(i), inner, names);
      resnets.push(own);
      inner = madeBy(own.conv2);
    }
    const upsampler = level === levels - 1 ? undefined : await finder.convolution(at.upsampler, inner, 3);
    if (upsampler) inner = madeBy(upsampler);
    blocks.push({ resnets, upsampler });
  }
  return blocks;
}

/** How many blocks there are; counted from one end or from the other, the numbers are the same. */
function levelsOf(finder: LayerFinder, names: KlNames): number {
  let levels = 1;
  while (finder.has(`${names.block(levels, 2 * levels + 1).resnet(0)}.conv1.weight`)) levels++;
  return levels;
}

async function resnet(finder: LayerFinder, at: string, inner: number, { shortcut }: KlNames): Promise<Resnet> {
  const conv1 = await finder.convolution(`${at}.conv1`, inner, 3);
  const out = madeBy(conv1);
  return {
    norm1: await finder.norm(`${at}.norm1`, inner),
    conv1,
    norm2: await finder.norm(`${at}.norm2`, out),
    conv2: await finder.convolution(`${at}.conv2`, out, 3),
    shortcut: inner === out ? undefined : await finder.convolution(`${at}.${shortcut}`, inner, 1),
  };
}

async function midAttention(finder: LayerFinder, at: string, width: number): Promise<MidAttention | undefined> {
  const names = attentionNames((name) => finder.has(name), at);
  if (names === undefined) return undefined;
  const [query, key, value, projection] = names.layers;
  const layer = async (name: string): Promise<Linear> => {
    const own = `${at}.${name}`;
    // CompVis keeps the layers as convolutions of one cell.
    const shape = finder.shape(`${own}.weight`)?.length === 4 ? [width, width, 1, 1] : [width, width];
    return {
      weight: reshaped(await finder.weight(`${own}.weight`, shape), [width, width]),
      bias: await finder.weight(`${own}.bias`, [width]),
    };
  };
  return {
    norm: await finder.norm(`${at}.${names.norm}`, width),
    query: await layer(query),
    key: await layer(key),
    value: await layer(value),
    projection: await layer(projection),
  };
}
