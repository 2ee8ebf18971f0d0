import type { ConfigJson } from '../config/fields.ts';
import { randomNumbers } from './tiny-text.ts';

// Autoencoders' files at tiny sizes: the names and shapes that diffusers and their makers write.

/** Tensors that a test may change. */
export type ChangeableTensors = Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** The decoder half of an AutoencoderKL under diffusers' names: widths 4 and 8, latents of 4 channels, 2 x 2 pixels. */
export function tinyKl(seed: number): ChangeableTensors {
  const { tensors, layer } = layersOf(seed);
  const resnet = (name: string, inner: number, out: number): void => {
    layer(`${name}.norm1`, [inner]);
    layer(`${name}.conv1`, [out, inner, 3, 3]);
    layer(`${name}.norm2`, [out]);
    layer(`${name}.conv2`, [out, out, 3, 3]);
    if (inner !== out) layer(`${name}.conv_shortcut`, [out, inner, 1, 1]);
  };
  layer('post_quant_conv', [4, 4, 1, 1]);
  layer('decoder.conv_in', [8, 4, 3, 3]);
  for (const index of [0, 1]) resnet(`decoder.mid_block.resnets.${index}`, 8, 8);
  const attention = 'decoder.mid_block.attentions.0';
  layer(`${attention}.group_norm`, [8]);
  for (const name of ['to_q', 'to_k', 'to_v', 'to_out.0']) layer(`${attention}.${name}`, [8, 8]);
  for (const index of [0, 1]) resnet(`decoder.up_blocks.0.resnets.${index}`, 8, 8);
  layer('decoder.up_blocks.0.upsamplers.0.conv', [8, 8, 3, 3]);
  for (const index of [0, 1]) resnet(`decoder.up_blocks.1.resnets.${index}`, index === 0 ? 8 : 4, 4);
  layer('decoder.conv_norm_out', [4]);
  layer('decoder.conv_out', [3, 4, 3, 3]);
  return tensors;
}

/** A config.json that belongs to it. */
export const TINY_KL_CONFIG: ConfigJson = {
  _class_name: 'AutoencoderKL',
  act_fn: 'silu',
  block_out_channels: [4, 8],
  latent_channels: 4,
  layers_per_block: 1,
  norm_num_groups: 2,
  out_channels: 3,
  sample_size: 16,
  scaling_factor: 0.5,
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
};

/** The decoder of a TAESD under its own names, 4 wide: a block, a doubling, a block. */
export function tinyTaesd(seed: number): ChangeableTensors {
  const { tensors, layer } = layersOf(seed);
  const block = (place: number): void => {
    for (const index of [0, 2, 4]) layer(`${place}.conv.${index}`, [4, 4, 3, 3]);
  };
  layer('1', [4, 4, 3, 3]);
  block(3);
  layer('5', [4, 4, 3, 3]);
  tensors.delete('5.bias'); // convolutions behind a doubling have none
  block(6);
  layer('7', [3, 4, 3, 3]);
  return tensors;
}

function layersOf(seed: number) {
  const tensors: ChangeableTensors = new Map();
  const random = randomNumbers(seed);
  const set = (name: string, shape: readonly number[]) =>
    tensors.set(name, { shape, data: random(shape.reduce((a, b) => a * b)) });
  const layer = (name: string, shape: readonly [number, ...number[]]): void => {
    set(`${name}.weight`, shape);
    set(`${name}.bias`, [shape[0]]);
  };
  return { tensors, layer };
}
