import { linearLayer, type NamedShapes } from './named-shapes.ts';
import type { PublishedShape } from './published-shape.ts';

/** The extents of every PixArt-alpha (Chen et al., 2023), whose captions are read by T5-XXL. */
const EXTENTS = { depth: 28, hidden: 1152, heads: 16, patch: 2, channels: 4, captionTokens: 120, captionWidth: 4096 };

/** The published sizes of PixArt-alpha: for images of 256x256, and of 512x512. */
export const PIXART_SHAPES: readonly PublishedShape[] = [
  pixArtShape('pixart-xl/2', 32),
  pixArtShape('pixart-xl/2-512', 64),
];

/** One for latents of `size` x `size`, in the names of its own code. */
function pixArtShape(name: string, size: number): PublishedShape {
  return { name, tensors: new Map(tensorsOf(size)), config: { num_heads: EXTENTS.heads } };
}

function tensorsOf(size: number): NamedShapes {
  const { depth, hidden, patch, channels, captionTokens, captionWidth } = EXTENTS;
  const block = (i: number): NamedShapes => [
    [`blocks.${i}.scale_shift_table`, [6, hidden]],
    ...linearLayer(`blocks.${i}.attn.qkv`, 3 * hidden, hidden),
    ...linearLayer(`blocks.${i}.attn.proj`, hidden, hidden),
    ...linearLayer(`blocks.${i}.cross_attn.q_linear`, hidden, hidden),
    ...linearLayer(`blocks.${i}.cross_attn.kv_linear`, 2 * hidden, hidden),
    ...linearLayer(`blocks.${i}.cross_attn.proj`, hidden, hidden),
    ...linearLayer(`blocks.${i}.mlp.fc1`, 4 * hidden, hidden),
    ...linearLayer(`blocks.${i}.mlp.fc2`, hidden, 4 * hidden),
  ];
  return [
    ['pos_embed', [1, (size / patch) ** 2, hidden]],
    ['x_embedder.proj.weight', [hidden, channels, patch, patch]],
    ['x_embedder.proj.bias', [hidden]],
    ...linearLayer('t_embedder.mlp.0', hidden, 256),
    ...linearLayer('t_embedder.mlp.2', hidden, hidden),
    ...linearLayer('t_block.1', 6 * hidden, hidden),
    ['y_embedder.y_embedding', [captionTokens, captionWidth]],
    ...linearLayer('y_embedder.y_proj.fc1', hidden, captionWidth),
    ...linearLayer('y_embedder.y_proj.fc2', hidden, hidden),
    ...Array.from({ length: depth }, (_, i) => block(i)).flat(),
    ['final_layer.scale_shift_table', [2, hidden]],
    ...linearLayer('final_layer.linear', patch * patch * 2 * channels, hidden),
  ];
}
