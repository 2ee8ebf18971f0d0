import { elementCount } from '../checkpoint/checkpoint.ts';
import { type PixArtExtents, pixArtWeights } from '../families/pixart/weights.ts';
import type { WeightSource } from '../families/weight-finder.ts';
import { inlineWeight } from '../onnx/weight.ts';
import { type FloatTensors, randomNumbers } from './tiny-text.ts';

// PixArt's files at tiny sizes: the names, shapes and nesting that its own code and diffusers write.

/** Two blocks, 12 wide, over latents of 4 channels in patches of 2; captions of 5 tokens of 6 numbers. */
export const TINY_PIXART: PixArtExtents = {
  flavour: 'diffusers',
  depth: 2,
  seesSize: false,
  hidden: 12,
  heads: 2,
  mlpHidden: 20,
  patch: 2,
  channels: 4,
  outChannels: 8,
  frequencies: 8,
  textTokens: 5,
  textWidth: 6,
};

/** The tensors of a file of diffusers', of random numbers. */
export async function diffusersPixArt(seed: number, extents: Partial<PixArtExtents> = {}): Promise<FloatTensors> {
  const tensors = new Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>();
  const random = randomNumbers(seed);
  const list: WeightSource = {
    linear: async (name, out, inner) => ({
      weight: await list.weight(`${name}.weight`, [out, inner]),
      bias: await list.weight(`${name}.bias`, [out]),
    }),
    weight(name, shape) {
      const data = random(elementCount(shape));
      tensors.set(name, { shape, data });
      return Promise.resolve(inlineWeight(data, shape));
    },
  };
  await pixArtWeights(list, { ...TINY_PIXART, ...extents });
  return tensors;
}

/** What diffusers' converter makes of the original's names, the other way round. */
const ORIGINAL_NAMES: readonly (readonly [RegExp, string])[] = [
  [/^pos_embed\.proj\./, 'x_embedder.proj.'],
  [/^adaln_single\.linear\./, 't_block.1.'],
  [/^adaln_single\.emb\.timestep_embedder\.linear_1\./, 't_embedder.mlp.0.'],
  [/^adaln_single\.emb\.timestep_embedder\.linear_2\./, 't_embedder.mlp.2.'],
  [/^adaln_single\.emb\.resolution_embedder\.linear_1\./, 'csize_embedder.mlp.0.'],
  [/^adaln_single\.emb\.resolution_embedder\.linear_2\./, 'csize_embedder.mlp.2.'],
  [/^adaln_single\.emb\.aspect_ratio_embedder\.linear_1\./, 'ar_embedder.mlp.0.'],
  [/^adaln_single\.emb\.aspect_ratio_embedder\.linear_2\./, 'ar_embedder.mlp.2.'],
  [/^caption_projection\.linear_(\d)\./, 'y_embedder.y_proj.fc$1.'],
  [/^scale_shift_table$/, 'final_layer.scale_shift_table'],
  [/^proj_out\./, 'final_layer.linear.'],
  [/^transformer_blocks\./, 'blocks.'],
  [/\.attn1\.to_out\.0\./, '.attn.proj.'],
  [/\.attn2\.to_out\.0\./, '.cross_attn.proj.'],
  [/\.attn2\.to_q\./, '.cross_attn.q_linear.'],
  [/\.ff\.net\.0\.proj\./, '.mlp.fc1.'],
  [/\.ff\.net\.2\./, '.mlp.fc2.'],
];

/** Tensors of diffusers' that are rows of one tensor of the original, in their order there. */
const FUSED: readonly { readonly parts: readonly string[]; readonly whole: string }[] = [
  { parts: ['attn1.to_q', 'attn1.to_k', 'attn1.to_v'], whole: 'attn.qkv' },
  { parts: ['attn2.to_k', 'attn2.to_v'], whole: 'cross_attn.kv_linear' },
];

/** The same model as PixArt's own code writes it, with a learned caption and a table of positions that nobody reads. */
export function originalPixArt(
  tensors: FloatTensors,
  side: number,
  textTokens: number = TINY_PIXART.textTokens,
): FloatTensors {
  const renamed = new Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>();
  for (const [name, tensor] of tensors) {
    const fused = FUSED.find(({ parts }) => parts.some((part) => name.includes(`.${part}.`)));
    if (!fused) {
      const own = ORIGINAL_NAMES.reduce((result, [found, by]) => result.replace(found, by), name);
      renamed.set(own, tensor);
    } else if (name.includes(`.${fused.parts[0]!}.`)) {
      const all = fused.parts.map((part) => tensors.get(name.replace(fused.parts[0]!, part))!);
      const data = Float32Array.from(all.flatMap((part) => [...part.data]));
      const shape = [all.length * tensor.shape[0]!, ...tensor.shape.slice(1)];
      const own = name.replace(/^transformer_blocks/, 'blocks').replace(fused.parts[0]!, fused.whole);
      renamed.set(own, { shape, data });
    }
  }
  const [hidden, textWidth] = renamed.get('y_embedder.y_proj.fc1.weight')!.shape as [number, number];
  const tokens = (side / TINY_PIXART.patch) ** 2;
  const random = randomNumbers(99);
  renamed.set('y_embedder.y_embedding', { shape: [textTokens, textWidth], data: random(textTokens * textWidth) });
  renamed.set('pos_embed', { shape: [1, tokens, hidden], data: random(tokens * hidden) });
  return renamed;
}
