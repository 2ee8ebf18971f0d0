import { describe, expect, it } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import type { ConfigJson } from '../config/fields.ts';
import { type ChangeableTensors, TINY_KL_CONFIG, tinyKl, tinyTaesd } from '../testing/tiny-autoencoder.ts';
import type { FloatTensors } from '../testing/tiny-text.ts';
import { openDecoderModel } from './open-decoder.ts';

const opened = async (tensors: FloatTensors, config?: ConfigJson) =>
  openDecoderModel(await openCheckpoint(bytesSource('vae.safetensors', writeSafetensors(tensors))), config);

/** The file without some tensors, or with others. */
function changed(tensors: ChangeableTensors, change: (tensors: ChangeableTensors) => void): ChangeableTensors {
  change(tensors);
  return tensors;
}

const one = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b)) });
const without = (tensors: ChangeableTensors, pattern: RegExp): ChangeableTensors =>
  changed(tensors, (own) => [...own.keys()].forEach((name) => pattern.test(name) && own.delete(name)));
const renamed = (tensors: ChangeableTensors, prefix: string): ChangeableTensors =>
  new Map([...tensors].map(([name, tensor]) => [prefix + name, tensor]));

describe('openDecoderModel', () => {
  it('tells what an AutoencoderKL makes', async () => {
    expect(await opened(tinyKl(1), { ...TINY_KL_CONFIG, drop_path: 0.1 })).toMatchObject({
      kind: 'autoencoder-kl',
      flavour: 'diffusers',
      latentChannels: 4,
      channels: 3,
      pixels: 2,
      valueRange: [-1, 1],
      unreadFields: ['config.json: drop_path'],
      tiles: { cells: 8, pixels: 16, overlap: 0.25 },
    });
  });

  it('counts what the decoder uses, and leaves the encoder aside', async () => {
    const { parameters } = await opened(tinyKl(1), TINY_KL_CONFIG);
    const whole = changed(tinyKl(1), (own) => own.set('encoder.conv_in.weight', one(4, 3, 3, 3)));
    expect((await opened(whole, TINY_KL_CONFIG)).parameters).toBe(parameters);
    const all = [...tinyKl(1).values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(parameters).toBe(all);
  });

  it('finds it in the file of a whole model', async () => {
    const whole = changed(renamed(tinyKl(1), 'first_stage_model.'), (own) =>
      own.set('model.diffusion_model.input_blocks.0.0.weight', one(4, 4, 3, 3)),
    );
    const found = await opened(whole, TINY_KL_CONFIG);
    expect(found).toMatchObject({ kind: 'autoencoder-kl', pixels: 2 });
    expect(found.parameters).toBe((await opened(tinyKl(1), TINY_KL_CONFIG)).parameters);
  });

  it('tells what a TAESD makes, under its own names and those of diffusers', async () => {
    expect(await opened(tinyTaesd(1))).toMatchObject({
      kind: 'autoencoder-tiny',
      flavour: 'original',
      latentChannels: 4,
      channels: 3,
      pixels: 2,
      valueRange: [0, 1],
    });
    const theirs = new Map(
      [...tinyTaesd(1)].map(([name, tensor]) => [
        name.replace(/^\d+/, (place) => `decoder.layers.${Number(place) - 1}`),
        tensor,
      ]),
    );
    const config = { _class_name: 'AutoencoderTiny', num_decoder_blocks: [1, 1], decoder_block_out_channels: [4, 4] };
    expect(await opened(theirs, config)).toMatchObject({ flavour: 'diffusers', pixels: 2, valueRange: [-1, 1] });
  });

  const upsampler = /up_blocks\.0\.upsamplers/;
  it.each<[string, ChangeableTensors, RegExp]>([
    ['one tensor', without(tinyKl(1), /conv_in\.weight/), /^tensor decoder.conv_in.weight is missing$/],
    ['a bias', without(tinyKl(1), /up_blocks\.1\.resnets\.1\.conv2\.bias/), /resnets.1.conv2.bias is missing$/],
    ['an upsampler', without(tinyKl(1), upsampler), /^tensor decoder.up_blocks.0.upsamplers.0.conv.weight is missing$/],
    ['a residual block', without(tinyKl(1), /up_blocks\.1\.resnets\.1\./), /up_blocks.1.resnets.1.conv1.weight is mis/],
    ['a layer of attention', without(tinyKl(1), /to_out/), /attentions.0.to_out.0.weight is missing$/],
    ['the last level', without(tinyKl(1), /up_blocks\.1\./), /^tensor decoder.conv_norm_out.weight has shape \[4\]/],
    ["TAESD's last layer", without(tinyTaesd(1), /^7/), /^tensor 7.weight is missing$/],
    ["TAESD's convolution of a doubling", without(tinyTaesd(1), /^5/), /^tensor 5.weight is missing$/],
    ["TAESD's block before the last layer", without(tinyTaesd(1), /^6/), /^tensor 6.conv.0.weight is missing$/],
    ["TAESD's bias", without(tinyTaesd(1), /^6.conv.2.bias/), /^tensor 6.conv.2.bias is missing$/],
  ])('names what a file lacks: %s', async (_, tensors, message) => {
    const config = tensors.has('1.weight') ? {} : TINY_KL_CONFIG;
    await expect(opened(tensors, config)).rejects.toThrow(message);
  });

  it.each<[string, ChangeableTensors, RegExp]>([
    [
      'a transformer',
      new Map([['blocks.0.attn.qkv.weight', one(12, 4)]]),
      /^the 1 tensors are not of a decoder \(blocks.0/,
    ],
    [
      'a VQModel',
      changed(tinyKl(1), (own) => own.set('quantize.embedding.weight', one(16, 4))),
      /codebook and is not supp/,
    ],
    [
      'attention among the blocks',
      changed(tinyKl(1), (own) => own.set('decoder.up_blocks.0.attentions.0.to_q.weight', one(8, 8))),
      /^the decoder has decoder.up_blocks.0.attentions.0.to_q.weight, which .* not supported$/,
    ],
    [
      'a kernel of 5',
      changed(tinyKl(1), (own) => own.set('decoder.conv_out.weight', one(3, 4, 5, 5))),
      /conv_out.weight has shape \[3, 4, 5, 5\], but the other tensors call for \[3, 4, 3, 3\]/,
    ],
    [
      'a kernel of another rank',
      changed(tinyKl(1), (own) => own.set('decoder.conv_in.weight', one(8, 4))),
      /conv_in.weight has shape \[8, 4\], but a decoder's has 4 axes/,
    ],
  ])('refuses %s', async (_, tensors, message) => {
    await expect(opened(tensors, TINY_KL_CONFIG)).rejects.toThrow(message);
  });

  it.each<[string, unknown, RegExp]>([
    ['_class_name', 'AsymmetricAutoencoderKL', /another kind of AutoencoderKL/],
    ['act_fn', 'gelu', /supported is "silu"$/],
    ['up_block_types', ['UpDecoderBlock2D', 'AttnUpDecoderBlock2D'], /supported is UpDecoderBlock2D$/],
    ['latents_mean', [0, 0, 0, 0], /latents_mean/],
    ['block_out_channels', [4, 4], /block_out_channels is \[4, ?4\], but the tensors say \[4, 8\]/],
    ['layers_per_block', 2, /layers_per_block is 2, but the tensors say 1/],
    ['latent_channels', 16, /latent_channels is 16, but the tensors say 4/],
    ['norm_num_groups', 3, /3 groups do not divide 8 channels/],
    ['mid_block_add_attention', false, /mid_block_add_attention is false, but the tensors say true/],
    ['use_post_quant_conv', false, /use_post_quant_conv is false/],
    ['scaling_factor', 0, /scaling_factor/],
    ['shift_factor', 'x', /shift_factor/],
  ])('refuses a config whose %s contradicts', async (field, value, message) => {
    await expect(opened(tinyKl(1), { ...TINY_KL_CONFIG, [field]: value })).rejects.toThrow(message);
  });

  it.each<[string, unknown, RegExp]>([
    ['num_decoder_blocks', [2, 1], /num_decoder_blocks is \[2, ?1\], but the tensors say \[1, 1\]/],
    ['decoder_block_out_channels', [4, 8], /but the tensors say \[4, 4\]/],
    ['act_fn', 'silu', /another kind of AutoencoderTiny/],
    ['upsampling_scaling_factor', 4, /another kind of AutoencoderTiny/],
    ['shift_factor', 0.1, /another kind of AutoencoderTiny/],
  ])("refuses a TAESD's config whose %s contradicts", async (field, value, message) => {
    await expect(opened(tinyTaesd(1), { [field]: value })).rejects.toThrow(message);
  });

  it('knows what latents were multiplied by for Stable Diffusion alone', async () => {
    const config = { ...TINY_KL_CONFIG, scaling_factor: null };
    await expect(opened(tinyKl(1), config)).resolves.toMatchObject({ latentChannels: 4 });
    const deep = without(tinyKl(1), /post_quant/);
    deep.set('decoder.conv_in.weight', one(8, 16, 3, 3));
    await expect(opened(deep, { ...config, latent_channels: 16 })).rejects.toThrow(
      /latents of 16 channels were multiplied by.*\("scaling_factor"\)$/,
    );
    const larger = renamed(tinyKl(1), 'first_stage_model.');
    larger.set('conditioner.embedders.1.model.ln_final.weight', one(4));
    await expect(opened(larger, config)).rejects.toThrow(/not the 0.18215 of Stable Diffusion/);
  });
});
