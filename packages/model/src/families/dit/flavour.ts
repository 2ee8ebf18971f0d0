import type { Checkpoint } from '../../checkpoint/checkpoint.ts';

/** Whose names the tensors have, and so whose arithmetic they are for. */
export type DitFlavour = 'original' | 'diffusers';

/** Where blocks are, and what tells the extents, under the names of a flavour. */
export interface DitNames {
  readonly blocks: string;
  readonly patch: string;
  readonly labels: string;
  readonly fc1: string;
  readonly timestep: string;
  readonly head: string;
}

export const DIT_NAMES: Readonly<Record<DitFlavour, DitNames>> = {
  original: {
    blocks: 'blocks',
    patch: 'x_embedder.proj.weight',
    labels: 'y_embedder.embedding_table.weight',
    fc1: 'blocks.0.mlp.fc1.weight',
    timestep: 't_embedder.mlp.0.weight',
    head: 'final_layer.linear.weight',
  },
  diffusers: {
    blocks: 'transformer_blocks',
    patch: 'pos_embed.proj.weight',
    labels: 'transformer_blocks.0.norm1.emb.class_embedder.embedding_table.weight',
    fc1: 'transformer_blocks.0.ff.net.0.proj.weight',
    timestep: 'transformer_blocks.0.norm1.emb.timestep_embedder.linear_1.weight',
    head: 'proj_out_2.weight',
  },
};

/** The flavour of a DiT, by names that only one of them has: adaLN in some block, and a table of labels. */
export function ditFlavour({ tensors }: Checkpoint): DitFlavour | undefined {
  const names = [...tensors.keys()];
  if (
    tensors.has(DIT_NAMES.original.labels) &&
    names.some((name) => /^blocks\.\d+\.adaLN_modulation\.1\.weight$/.test(name))
  )
    return 'original';
  return names.some((name) =>
    /^transformer_blocks\.\d+\.norm1\.emb\.class_embedder\.embedding_table\.weight$/.test(name),
  )
    ? 'diffusers'
    : undefined;
}
