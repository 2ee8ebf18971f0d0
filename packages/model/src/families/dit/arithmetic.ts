import { BLOCK_ARITHMETIC } from '../parts/config-claims.ts';

/**
 * The values of fields that say what is computed for a DiT. The fields are those of `DiTTransformer2DModel` and
 * `Transformer2DModel` of diffusers, of DiT's own code and of its relatives; of those without values none is followed.
 */
export const DIT_ARITHMETIC: Readonly<Record<string, readonly unknown[]>> = {
  ...BLOCK_ARITHMETIC,
  norm_type: ['ada_norm_zero'],
  pos_embed_type: ['sincos'],
  cross_attention_dim: [],
  caption_channels: [],
  use_additional_conditions: [false],
  interpolation_scale: [1],
  use_swiglu: [false],
  use_rmsnorm: [false],
};
