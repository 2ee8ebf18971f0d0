import type { Checkpoint } from '../checkpoint/checkpoint.ts';

/**
 * What a file is that people are likely to hand over, and that is not supported, for a message: `these are the weights
 * of a FLUX transformer`. Nothing where no tensor gives it away.
 */
export function foreignModel({ tensors }: Checkpoint): string | undefined {
  const names = [...tensors.keys()];
  const found = FOREIGN.find(
    ({ tensor, unless }) =>
      names.some((name) => tensor.test(name)) && !(unless && names.some((name) => unless.test(name))),
  );
  return found && `these are the weights of ${found.what}`;
}

interface Foreign {
  readonly tensor: RegExp;
  readonly what: string;
  /** A tensor of a family that is supported, and has the others too. */
  readonly unless?: RegExp;
}

/** What only a PixArt has: one layer for the modulation of all blocks. */
const PIXART = /^(t_block\.1|adaln_single\.linear)\.weight$/;

/** Tensors that give a file away, the most telling first: some models have parts of others. */
const FOREIGN: readonly Foreign[] = [
  // What adds to another model
  { tensor: /(^|[._])lora(_|\.)|\.(hada_w1|lokr_w1|oft_blocks)/i, what: 'a LoRA, which adds to those of a model' },
  {
    tensor: /^(control_model|controlnet_\w+|input_hint_block|zero_convs|control_layers|control_all_x_embedder)\./,
    what: 'a ControlNet',
  },
  // Relatives of DiT, which have its names and some of their own
  {
    tensor: /^projectors\./,
    what: "a SiT trained with REPA: its time runs from image to noise, the other way round than that of SiT's own code",
  },
  {
    tensor: /^(mask_token|decoder_pos_embed|(sideblocks|en_inblocks|de_blocks)\..*)$/,
    what: 'a masked diffusion transformer (MDT, MaskDiT)',
  },
  { tensor: /^(temp_embed|temporal_transformer_blocks\..*)$/, what: 'a Latte video transformer' },
  { tensor: /^blocks\.\d+\.(moe|mlp\.experts|mlp\.gate)\./, what: 'a DiT with experts (DiT-MoE)' },
  // Transformers that take text
  { tensor: /^(patchify_proj|vae\.per_channel_statistics)\b/, what: 'an LTX video transformer' },
  {
    tensor: /^(caption_norm\.weight|time_embed\.linear\.weight|blocks\.\d+\.mlp\.(inverted|depth)_conv\..*)$/,
    what: 'a Sana or LTX transformer',
  },
  {
    tensor:
      /^(model\.diffusion_model\.)?(double_blocks|single_blocks|single_stream_modulation|distilled_guidance_layer)\./,
    what: 'a FLUX transformer',
  },
  {
    tensor: /^((model\.diffusion_model\.)?joint_blocks|joint_transformer_blocks|double_layers)\./,
    what: 'a Stable Diffusion 3 or AuraFlow transformer (MMDiT)',
  },
  {
    tensor: /^(txt_in\.individual_token_refiner|context_embedder\.token_refiner)\./,
    what: 'a HunyuanVideo transformer',
  },
  { tensor: /^single_transformer_blocks\.\d+\./, what: 'a FLUX transformer' },
  { tensor: /^transformer_blocks\.\d+\.(img_mod|txt_mod)\./, what: 'a Qwen-Image transformer' },
  { tensor: /^transformer_blocks\.\d+\.attn\.add_[qkv]_proj\./, what: 'a Stable Diffusion 3 transformer (MMDiT)' },
  { tensor: /^(text_embedding_padding|time_extra_emb\..*|pooler\.positional_embedding)$/, what: 'a Hunyuan-DiT' },
  { tensor: /^((model\.diffusion_model\.)?cap_embedder|time_caption_embed)\./, what: 'a Lumina transformer' },
  { tensor: /^patch_embed\.text_proj\./, what: 'a CogVideoX or CogView transformer' },
  {
    tensor: /^((model\.diffusion_model\.)?head\.modulation$|condition_embedder\.time_proj\.)/,
    what: 'a Wan video transformer',
  },
  { tensor: /^(model\.diffusion_model\.)?blocks\.\d+\.attn\.qkv_x\./, what: 'a Mochi video transformer' },
  { tensor: /^(in|out)_blocks\.\d+\.(skip_linear|attn|norm1)\./, what: 'a U-ViT' },
  {
    tensor: /^(blocks|transformer_blocks)\.\d+\.(cross_attn|attn2)\./,
    what: 'a transformer that takes text',
    unless: PIXART,
  },
  // Other parts of a pipeline
  { tensor: /^(first_stage_model|post_quant_conv|quant_conv)\./, what: 'an autoencoder' },
  {
    tensor: /^(encoder|decoder)\.(mid_block|mid|up_blocks|up|down_blocks|down|middle|stages|conv_in|layers)\./,
    what: 'an autoencoder',
  },
  { tensor: /^(model\.diffusion_model\.)?(down_blocks|input_blocks|output_blocks|up_blocks)\./, what: 'a U-Net' },
  {
    tensor: /^(text_model|encoder\.block|text_encoders?|transformer\.text_model|cond_stage_model)\.|^shared\.weight$/,
    what: 'a text encoder',
  },
  {
    tensor: /^(vision_model|visual)\.|^cls_token$|^(embeddings\.)?cls_token$/,
    what: 'a model that looks at images, and draws none',
  },
  {
    tensor: /^((model\.)?layers\.\d+\.self_attn|(transformer\.)?h\.\d+\.attn|embed_tokens|wte)\./,
    what: 'a language model',
  },
];
