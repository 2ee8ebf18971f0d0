import { expect, it } from 'vitest';
import type { Checkpoint, StoredTensor } from '../checkpoint/checkpoint.ts';
import { bytesSource } from '../checkpoint/byte-source.ts';
import { openModel } from '../open-model.ts';

/** A checkpoint of which only the names say anything. */
function holding(names: readonly string[], file = 'model.safetensors'): Checkpoint {
  const source = bytesSource(file, new Uint8Array(4));
  const tensor = (name: string): StoredTensor => ({ name, type: 'F32', shape: [1], strides: [1], source, offset: 0 });
  return { format: 'safetensors', metadata: new Map(), tensors: new Map(names.map((name) => [name, tensor(name)])) };
}

/** Names that every DiT has. */
const DIT = ['x_embedder.proj.weight', 'blocks.0.adaLN_modulation.1.weight', 'y_embedder.embedding_table.weight'];

it.each([
  ['projectors.0.0.weight', 'a SiT trained with REPA: its time runs from image to noise, the other way round'],
  ['sideblocks.0.attn.qkv.weight', 'a masked diffusion transformer (MDT, MaskDiT)'],
  ['mask_token', 'a masked diffusion transformer'],
  ['temp_embed', 'a Latte video transformer'],
  ['blocks.0.moe.experts.0.gate_proj.weight', 'a DiT with experts'],
  ['base_model.model.blocks.0.attn.qkv.lora_A.weight', 'a LoRA'],
  ['lora_unet_down_blocks_0.lora_up.weight', 'a LoRA'],
  ['transformer.transformer_blocks.0.attn1.to_q.lora.down.weight', 'a LoRA'],
  ['controlnet_blocks.0.weight', 'a ControlNet'],
  ['control_model.time_embed.0.weight', 'a ControlNet'],
  ['caption_norm.weight', 'a Sana or LTX transformer'],
  ['double_blocks.0.img_attn.qkv.weight', 'a FLUX transformer'],
  ['single_transformer_blocks.0.attn.to_q.weight', 'a FLUX transformer'],
  ['joint_blocks.0.x_block.attn.qkv.weight', 'a Stable Diffusion 3 or AuraFlow transformer'],
  ['model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight', 'a Stable Diffusion 3'],
  ['transformer_blocks.0.attn.add_q_proj.weight', 'a Stable Diffusion 3 transformer (MMDiT)'],
  ['transformer_blocks.0.img_mod.1.weight', 'a Qwen-Image transformer'],
  ['text_embedding_padding', 'a Hunyuan-DiT'],
  ['cap_embedder.0.weight', 'a Lumina transformer'],
  ['patch_embed.text_proj.weight', 'a CogVideoX or CogView transformer'],
  ['head.modulation', 'a Wan video transformer'],
  ['blocks.0.attn.qkv_x.weight', 'a Mochi video transformer'],
  ['out_blocks.0.skip_linear.weight', 'a U-ViT'],
  ['blocks.0.cross_attn.q_linear.weight', 'a transformer that takes text'],
  ['decoder.mid_block.resnets.0.conv1.weight', 'an autoencoder'],
  ['first_stage_model.encoder.conv_in.weight', 'an autoencoder'],
  ['post_quant_conv.weight', 'an autoencoder'],
  ['down_blocks.0.resnets.0.conv1.weight', 'a U-Net'],
  ['model.diffusion_model.input_blocks.0.0.weight', 'a U-Net'],
  ['encoder.block.0.layer.0.SelfAttention.q.weight', 'a text encoder'],
  ['text_model.encoder.layers.0.self_attn.k_proj.weight', 'a text encoder'],
  ['shared.weight', 'a text encoder'],
  ['vision_model.embeddings.class_embedding', 'a model that looks at images, and draws none'],
  ['model.layers.0.self_attn.q_proj.weight', 'a language model'],
])('%s gives away %s', async (name, what) => {
  const message = `these are the weights of ${what}`;
  await expect(openModel(holding([name, 'other.weight']))).rejects.toThrow(message);
  await expect(openModel(holding([...DIT, name]))).rejects.toThrow(
    'which is not supported; supported are DiT and PixArt checkpoints, original or diffusers',
  );
});

it('shows the first names of what nobody knows', async () => {
  await expect(openModel(holding(['a\u001b', 'b', 'c', 'd']))).rejects.toThrow(
    'the 4 tensors are not of a supported model (a\\u{1b}, b, c, ...); supported are',
  );
  await expect(openModel(holding(['a']))).rejects.toThrow(
    'the one tensor is not of a supported model (a); supported are',
  );
  await expect(openModel(holding([]))).rejects.toThrow('the 0 tensors are not of a supported model');
});
