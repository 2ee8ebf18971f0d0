import { BLOCK_ARITHMETIC } from '../parts/config-claims.ts';

/**
 * The values of fields that say what is computed for a PixArt. The fields are those of `PixArtTransformer2DModel` and
 * `Transformer2DModel` of diffusers, of PixArt's own code and of its relatives; of those without values none is
 * followed.
 */
export const PIXART_ARITHMETIC: Readonly<Record<string, readonly unknown[]>> = {
  ...BLOCK_ARITHMETIC,
  norm_type: ['ada_norm_single'],
  qk_norm: [false],
  kv_compress_config: [],
  window_size: [0],
  use_rel_pos: [false],
};
