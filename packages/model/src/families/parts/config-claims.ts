import { ProCacheError } from '@procache/core';
import { shown } from '@procache/core/untrusted';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { type ConfigFields, wrong } from '../../config/fields.ts';
import type { Activation } from './mlp.ts';

// What a config says of a transformer, held against its tensors and against what is computed here.

/** diffusers' names of the activations that need no layer of another width. */
const ACTIVATION_NAMES = { 'gelu-approximate': 'gelu-tanh', gelu: 'gelu', 'linear-silu': 'silu' } as const;

/** The heads of the published sizes, which their checkpoints do not record (Peebles and Xie, 2023, Table 1). */
const PUBLISHED_HEADS: ReadonlyMap<number, number> = new Map([
  [1152, 16],
  [1024, 16],
  [768, 12],
  [384, 6],
]);

/** Bounds of pixel values are far below this. */
const LARGEST_VALUE = 1e6;

/** What the blocks of a DiT compute, and of what was made of it, by fields of their configs: see `checkArithmetic`. */
export const BLOCK_ARITHMETIC: Readonly<Record<string, readonly unknown[]>> = {
  norm_elementwise_affine: [false],
  attention_bias: [true],
  qkv_bias: [true],
  attention_out_bias: [true],
  ff_bias: [true],
  attention_type: ['default'],
  positional_embeddings: [],
  only_cross_attention: [false],
  double_self_attention: [false],
  num_vector_embeds: [],
  use_rope: [false],
};

/** Fields that say nothing about an image: of training, of precision, and of parts that no transformer here has. */
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
 * Refuses fields that change what is computed, by the values that say what is computed here; where a field is missing
 * or null, that is meant too.
 *
 * @throws {ProCacheError} `invalid-model`, with the field.
 */
export function checkArithmetic(
  fields: ConfigFields,
  accepted: Readonly<Record<string, readonly unknown[]>>,
  family: string,
): void {
  for (const [name, values] of Object.entries(accepted)) {
    const found = fields.find(name);
    if (!found || values.includes(found.value)) continue;
    const supported = values.length === 0 ? 'none' : values.map((value) => JSON.stringify(value)).join(' or ');
    wrong(found, `which is another kind of ${family}, and not supported; supported is ${supported}`);
  }
  fields.find(...INDIFFERENT);
}

/** What the MLPs compute where the config says it, else what all published ones do. */
export function activationOf(fields: ConfigFields): Activation {
  const names = Object.keys(ACTIVATION_NAMES) as (keyof typeof ACTIVATION_NAMES)[];
  const name = fields.choice('activation_fn', names);
  return name === undefined ? 'gelu-tanh' : ACTIVATION_NAMES[name];
}

/**
 * Refuses a config that says of the tensors what they do not.
 *
 * @throws {ProCacheError} `invalid-model`, with the field.
 */
export function checkClaims(fields: ConfigFields, facts: Readonly<Record<string, unknown>>): void {
  for (const [name, fact] of Object.entries(facts)) {
    const found = fields.find(name);
    if (!found || found.value === fact) continue;
    throw invalid(
      `${found.place} is ${shown(found.value)}, but the tensors say ${String(fact)}; ` +
        `take the config that belongs to these weights`,
    );
  }
}

/** The same for the width of the MLP, which configs give by that of the stream. */
export function checkMlpRatio(fields: ConfigFields, width: number, mlpWidth: number): void {
  const ratio = fields.number('mlp_ratio', 0, 1e6);
  if (ratio === undefined || Math.floor(width * ratio) === mlpWidth) return;
  throw invalid(
    `${fields.find('mlp_ratio')!.place} is ${ratio}, but the tensors say ${mlpWidth / width}; ` +
      `take the config that belongs to these weights`,
  );
}

/** The attention heads of a model so wide: what the config says, else those of the published size. */
export function headsOf(fields: ConfigFields, width: number, family: string): number {
  const depth = fields.integer('attention_head_dim', 1, width);
  const told =
    fields.integer(['num_heads', 'num_attention_heads'], 1, width) ?? (depth === undefined ? undefined : width / depth);
  const heads = told ?? PUBLISHED_HEADS.get(width);
  if (heads === undefined) {
    throw invalid(
      `the tensors do not tell the number of attention heads of a ${family} ${width} wide; ` +
        `put a config.json with "num_heads" beside the file`,
    );
  }
  const found = fields.find('num_heads', 'num_attention_heads') ?? fields.find('attention_head_dim');
  if (!Number.isInteger(heads) || width % heads !== 0)
    wrong(
      found!,
      `but ${heads} heads do not divide the width of ${width}; take the config that belongs to these weights`,
    );
  return heads;
}

/** Epsilon of the normalisations in the blocks; in the original code it is 1e-6, and `otherwise` that of diffusers. */
export function epsilonOf(
  fields: ConfigFields,
  { flavour, family, otherwise }: { readonly flavour: string; readonly family: string; readonly otherwise: number },
): number {
  const told = fields.number('norm_eps', 0, 1);
  if (flavour === 'diffusers') return told ?? otherwise;
  if (told !== undefined && told !== 1e-6)
    wrong(fields.find('norm_eps')!, `but a ${family} in the original naming has 0.000001 everywhere`);
  return 1e-6;
}

/** The range of pixel values of a model that works on pixels. */
export function valueRangeOf(fields: ConfigFields): readonly [number, number] | undefined {
  const found = fields.find('value_range');
  if (!found) return undefined;
  const { value } = found;
  const bounds = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const [low, high] = bounds;
  if (bounds.length === 2 && isBound(low) && isBound(high) && low < high) return [low, high];
  return wrong(found, 'not a pair of numbers of which the second is larger, such as [-1, 1]');
}

function isBound(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= LARGEST_VALUE;
}

/** The shape of a tensor that tells extents: of so many axes, none of them 0. */
export function tellingShape({ tensors }: Checkpoint, name: string, rank: number, family: string): readonly number[] {
  const { shape } = tensors.get(name)!;
  if (shape.length === rank && !shape.includes(0)) return shape;
  const problem = shape.length === rank ? 'it holds no number' : `a ${family}'s has ${rank} axes`;
  throw invalid(
    `tensor ${name} has shape [${shape.join(', ')}], but ${problem}; these are not the weights of a ${family}`,
  );
}

function invalid(message: string): ProCacheError {
  return new ProCacheError('invalid-model', message);
}
