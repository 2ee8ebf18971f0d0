/**
 * The values of fields that say what is computed for a DiT. The fields are those of `DiTTransformer2DModel` and
 * `Transformer2DModel` of diffusers, of DiT's own code and of its relatives; of those without values none is followed.
 */
export const DIT_ARITHMETIC: Readonly<Record<string, readonly unknown[]>> = {
  norm_type: ['ada_norm_zero'],
  norm_elementwise_affine: [false],
  attention_bias: [true],
  qkv_bias: [true],
  attention_out_bias: [true],
  ff_bias: [true],
  attention_type: ['default'],
  positional_embeddings: [],
  pos_embed_type: ['sincos'],
  cross_attention_dim: [],
  only_cross_attention: [false],
  double_self_attention: [false],
  caption_channels: [],
  num_vector_embeds: [],
  use_additional_conditions: [false],
  interpolation_scale: [1],
  use_rope: [false],
  use_swiglu: [false],
  use_rmsnorm: [false],
};
