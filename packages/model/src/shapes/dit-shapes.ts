import type { PublishedShape } from './published-shape.ts';
import { linearLayer, type NamedShapes } from './named-shapes.ts';

/** The extents of a published DiT. */
interface DitExtents {
  readonly depth: number;
  readonly hidden: number;
  readonly heads: number;
  readonly patch: number;
  readonly size: number;
  readonly channels: number;
  readonly classes: number;
}

const LATENT = { patch: 2, size: 32, channels: 4, classes: 1000 };

/** Peebles and Xie, 2023, Table 1, for images of 256x256 where the name does not say otherwise. */
const DIT_EXTENTS: Readonly<Record<string, DitExtents>> = {
  'dit-s/2': { ...LATENT, depth: 12, hidden: 384, heads: 6 },
  'dit-b/2': { ...LATENT, depth: 12, hidden: 768, heads: 12 },
  'dit-l/2': { ...LATENT, depth: 24, hidden: 1024, heads: 16 },
  'dit-xl/2': { ...LATENT, depth: 28, hidden: 1152, heads: 16 },
  'dit-xl/2-512': { ...LATENT, depth: 28, hidden: 1152, heads: 16, size: 64 },
};

/** The published sizes of DiT. */
export const DIT_SHAPES: readonly PublishedShape[] = Object.entries(DIT_EXTENTS).map(([name, extents]) => ({
  name,
  tensors: new Map(tensorsOf(extents)),
  config: { num_heads: extents.heads, num_classes: extents.classes },
}));

function tensorsOf({ depth, hidden, patch, size, channels, classes }: DitExtents): NamedShapes {
  const block = (i: number): NamedShapes => [
    ...linearLayer(`blocks.${i}.attn.qkv`, 3 * hidden, hidden),
    ...linearLayer(`blocks.${i}.attn.proj`, hidden, hidden),
    ...linearLayer(`blocks.${i}.mlp.fc1`, 4 * hidden, hidden),
    ...linearLayer(`blocks.${i}.mlp.fc2`, hidden, 4 * hidden),
    ...linearLayer(`blocks.${i}.adaLN_modulation.1`, 6 * hidden, hidden),
  ];
  return [
    ['pos_embed', [1, (size / patch) ** 2, hidden]],
    ['x_embedder.proj.weight', [hidden, channels, patch, patch]],
    ['x_embedder.proj.bias', [hidden]],
    ...linearLayer('t_embedder.mlp.0', hidden, 256),
    ...linearLayer('t_embedder.mlp.2', hidden, hidden),
    ['y_embedder.embedding_table.weight', [classes + 1, hidden]],
    ...Array.from({ length: depth }, (_, i) => block(i)).flat(),
    ...linearLayer('final_layer.adaLN_modulation.1', 2 * hidden, hidden),
    ...linearLayer('final_layer.linear', patch * patch * 2 * channels, hidden),
  ];
}
