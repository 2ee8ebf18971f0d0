import type { Checkpoint } from '../../checkpoint/checkpoint.ts';

/** Whose names the tensors have, and so whose arithmetic they are for. */
export type PixArtFlavour = 'original' | 'diffusers';

/** The names that a flavour has for the same tensors; those of a block come after its `${blocks}.${number}.`. */
export interface PixArtNames {
  readonly blocks: string;
  readonly patch: string;
  /** The two layers of the timestep's embedding. */
  readonly timestep: readonly [string, string];
  /** The layer that makes the modulation of all blocks. */
  readonly modulation: string;
  /** The two layers that make what blocks see of a caption. */
  readonly caption: readonly [string, string];
  /** The two layers for height and width, and the two for their ratio. */
  readonly size: readonly [string, string];
  readonly ratio: readonly [string, string];
  /** The two layers of an MLP. */
  readonly mlp: readonly [string, string];
  readonly headTable: string;
  readonly head: string;
}

export const PIXART_NAMES: Readonly<Record<PixArtFlavour, PixArtNames>> = {
  original: {
    blocks: 'blocks',
    patch: 'x_embedder.proj',
    timestep: ['t_embedder.mlp.0', 't_embedder.mlp.2'],
    modulation: 't_block.1',
    caption: ['y_embedder.y_proj.fc1', 'y_embedder.y_proj.fc2'],
    size: ['csize_embedder.mlp.0', 'csize_embedder.mlp.2'],
    ratio: ['ar_embedder.mlp.0', 'ar_embedder.mlp.2'],
    mlp: ['mlp.fc1', 'mlp.fc2'],
    headTable: 'final_layer.scale_shift_table',
    head: 'final_layer.linear',
  },
  diffusers: {
    blocks: 'transformer_blocks',
    patch: 'pos_embed.proj',
    timestep: ['adaln_single.emb.timestep_embedder.linear_1', 'adaln_single.emb.timestep_embedder.linear_2'],
    modulation: 'adaln_single.linear',
    caption: ['caption_projection.linear_1', 'caption_projection.linear_2'],
    size: ['adaln_single.emb.resolution_embedder.linear_1', 'adaln_single.emb.resolution_embedder.linear_2'],
    ratio: ['adaln_single.emb.aspect_ratio_embedder.linear_1', 'adaln_single.emb.aspect_ratio_embedder.linear_2'],
    mlp: ['ff.net.0.proj', 'ff.net.2'],
    headTable: 'scale_shift_table',
    head: 'proj_out',
  },
};

/** The learned caption for "nothing in particular", [tokens, width], which files of the original have. */
export const NULL_CAPTION = 'y_embedder.y_embedding';

/** The table of positions that files of the original have; it is computed anew, as the original's own scripts do. */
export const STORED_POSITIONS = 'pos_embed';

/** The flavour of a PixArt, by the layer that only it has: one modulation for all blocks. */
export function pixArtFlavour({ tensors }: Checkpoint): PixArtFlavour | undefined {
  const flavours = ['original', 'diffusers'] as const;
  return flavours.find((flavour) => tensors.has(`${PIXART_NAMES[flavour].modulation}.weight`));
}
