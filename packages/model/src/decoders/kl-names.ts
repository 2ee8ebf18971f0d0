import type { Checkpoint } from '../checkpoint/checkpoint.ts';

/** Whose names the tensors of an AutoencoderKL have: diffusers', or those of CompVis (LDM), which are the original. */
export type KlFlavour = 'diffusers' | 'original';

/** What the parts of the decoder are called. */
export interface KlNames {
  readonly middle: readonly [first: string, second: string];
  readonly attention: string;
  /** Block `level` of `levels`, in the order in which they are computed. */
  readonly block: (
    level: number,
    levels: number,
  ) => { readonly resnet: (index: number) => string; readonly upsampler: string };
  readonly shortcut: string;
  readonly lastNorm: string;
}

export const KL_NAMES: Readonly<Record<KlFlavour, KlNames>> = {
  diffusers: {
    middle: ['decoder.mid_block.resnets.0', 'decoder.mid_block.resnets.1'],
    attention: 'decoder.mid_block.attentions.0',
    block: (level) => ({
      resnet: (index) => `decoder.up_blocks.${level}.resnets.${index}`,
      upsampler: `decoder.up_blocks.${level}.upsamplers.0.conv`,
    }),
    shortcut: 'conv_shortcut',
    lastNorm: 'decoder.conv_norm_out',
  },
  original: {
    middle: ['decoder.mid.block_1', 'decoder.mid.block_2'],
    attention: 'decoder.mid.attn_1',
    // counted from the last level
    block: (level, levels) => ({
      resnet: (index) => `decoder.up.${levels - 1 - level}.block.${index}`,
      upsampler: `decoder.up.${levels - 1 - level}.upsample.conv`,
    }),
    shortcut: 'nin_shortcut',
    lastNorm: 'decoder.norm_out',
  },
};

/** What attention in the middle calls its parts: those of today, of diffusers before 0.12, and of CompVis. */
export interface AttentionNames {
  readonly norm: string;
  readonly layers: readonly [query: string, key: string, value: string, projection: string];
}

const ATTENTION_NAMES: readonly AttentionNames[] = [
  { norm: 'group_norm', layers: ['to_q', 'to_k', 'to_v', 'to_out.0'] },
  { norm: 'group_norm', layers: ['query', 'key', 'value', 'proj_attn'] },
  { norm: 'norm', layers: ['q', 'k', 'v', 'proj_out'] },
];

/** The names of the attention that there is. */
export function attentionNames(has: (name: string) => boolean, at: string): AttentionNames | undefined {
  return ATTENTION_NAMES.find(({ layers: [query] }) => has(`${at}.${query}.weight`));
}

/** What an autoencoder's names begin with in the files of whole models. */
const PREFIXES = ['', 'first_stage_model.', 'vae.'];

export interface FoundKl {
  readonly flavour: KlFlavour;
  readonly prefix: string;
}

/** Where the decoder of an AutoencoderKL is in a checkpoint, if there is one. */
export function findKl({ tensors }: Checkpoint): FoundKl | undefined {
  for (const prefix of PREFIXES) {
    for (const flavour of ['diffusers', 'original'] as const) {
      if (tensors.has(`${prefix}${KL_NAMES[flavour].middle[0]}.conv1.weight`)) return { flavour, prefix };
    }
  }
  return undefined;
}
