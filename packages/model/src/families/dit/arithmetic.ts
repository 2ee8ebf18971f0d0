import { type Fields, wrong } from '../../config/fields.ts';
import type { DitFlavour } from './flavour.ts';

/** What the MLP does between its two layers. */
export type Activation = 'gelu-tanh' | 'gelu' | 'silu';

/** diffusers' names of the activations that need no layer of another width. */
const ACTIVATIONS = { 'gelu-approximate': 'gelu-tanh', gelu: 'gelu', 'linear-silu': 'silu' } as const;

/**
 * Fields that change what is computed, and the values that say what is computed here; where a field is missing or null,
 * that is meant too. They are those of `DiTTransformer2DModel` and `Transformer2DModel` of diffusers, of DiT's own
 * code and of its relatives.
 */
const ACCEPTED: Readonly<Record<string, readonly unknown[]>> = {
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

/** Fields that say nothing about an image: of training, of precision, and of parts that a DiT does not have. */
const INDIFFERENT = [
  'dropout',
  'attention_dropout',
  'norm_num_groups',
  'upcast_attention',
  'use_linear_projection',
  'gradient_checkpointing',
  'torch_dtype',
];

/**
 * What the MLPs of a DiT compute where the config says it; refuses what it says of other things that are not computed
 * here.
 *
 * @throws {ProCacheError} `invalid-model`, with the field.
 */
export function ditActivation(fields: Fields, flavour: DitFlavour): Activation {
  const table: Readonly<Record<string, readonly unknown[]>> = { ...ACCEPTED, flavour: [flavour] };
  for (const [name, accepted] of Object.entries(table)) {
    const found = fields.find(name);
    if (!found || accepted.includes(found.value)) continue;
    const supported = accepted.length === 0 ? 'none' : accepted.map((value) => JSON.stringify(value)).join(' or ');
    wrong(found, `which is another kind of DiT, and not supported; supported is ${supported}`);
  }
  fields.find(...INDIFFERENT);
  const name = fields.choice('activation_fn', Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[]);
  return name === undefined ? 'gelu-tanh' : ACTIVATIONS[name];
}
