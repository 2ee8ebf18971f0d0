/**
 * The values of fields that say what is computed for a PixArt. The fields are those of `PixArtTransformer2DModel` and
 * `Transformer2DModel` of diffusers, of PixArt's own code and of its relatives; of those without values none is
 * followed.
 */
export const PIXART_ARITHMETIC: Readonly<Record<string, readonly unknown[]>> = {
  norm_type: ['ada_norm_single'],
  norm_elementwise_affine: [false],
  attention_bias: [true],
  qkv_bias: [true],
  attention_out_bias: [true],
  ff_bias: [true],
  attention_type: ['default'],
  positional_embeddings: [],
  only_cross_attention: [false],
  double_self_attention: [false],
  num_vector_embeds: [],
  qk_norm: [false],
  kv_compress_config: [],
  use_rope: [false],
  window_size: [0],
  use_rel_pos: [false],
};
