import { ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import { type Checkpoint, elementCount, type StoredTensor } from '../checkpoint/checkpoint.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import { ConfigFields, ConfigFile, type ConfigJson } from '../config/fields.ts';
import { checkArithmetic, checkClaims } from '../families/parts/config-claims.ts';
import { blockCount } from '../families/tensor-names.ts';
import { WeightFinder } from '../families/weight-finder.ts';
import type { OnnxGraph } from '../onnx/graph-builder.ts';
import { embeddingRows } from './embedding-rows.ts';
import { positionBias } from './position-bias.ts';
import { t5BlockGraph, type T5Block, t5EndGraph } from './t5-graphs.ts';

/** A text model as data: what it makes of token ids, block by block, so that few weights are in memory at a time. */
export interface TextModel {
  /** Numbers of a token that it gives. */
  readonly width: number;
  /** Ids that it has an embedding for: 0 to `vocabulary - 1`. */
  readonly vocabulary: number;
  readonly heads: number;
  /** Numbers in all tensors that it uses. */
  readonly parameters: number;
  /** Fields of its config that are not known: they are not followed. */
  readonly unreadFields: readonly string[];
  /** The embeddings of some tokens, [ids, width]. */
  embed(ids: readonly number[]): Promise<Float32Array>;
  /** What is added to the attention of each token to each, by how far they are apart: [1, heads, tokens, tokens]. */
  positions(tokens: number): Float32Array;
  /**
   * The blocks, to be run one after another: `hidden` [texts, tokens, width], `positions` [1, heads, tokens, tokens]
   * and `padding` [texts, 1, 1, tokens], 0 or far below, -> `output` [texts, tokens, width].
   */
  blockGraphs(): readonly OnnxGraph[];
  /** What follows the last block: `hidden` -> `output`. */
  endGraph(): OnnxGraph;
}

/** The values of fields that say what a T5 computes; of those without values none is followed. */
const T5_ARITHMETIC: Readonly<Record<string, readonly unknown[]>> = {
  feed_forward_proj: ['gated-gelu'],
  dense_act_fn: ['gelu_new'],
  is_gated_act: [true],
  model_type: ['t5', 'umt5'],
};
/** Fields that say nothing about what the encoder gives. */
const INDIFFERENT = [
  ...['architectures', 'num_decoder_layers', 'initializer_factor', 'torch_dtype', 'dtype', 'dropout_rate'],
  ...['tie_word_embeddings', 'pad_token_id', 'eos_token_id', 'decoder_start_token_id', 'is_encoder_decoder'],
  ...['use_cache', 'output_past', 'transformers_version', 'n_positions', 'task_specific_params', 'classifier_dropout'],
  ...['is_decoder', 'scale_decoder_outputs'],
];

/** The tokens of which a T5 tells positions apart beyond half of its buckets. */
const MOST_DISTANCE = 128;

/**
 * Opens the encoder half of a T5 in version 1.1 (Raffel et al., 2020; Shazeer, 2020). Extents follow from the shapes of
 * its tensors; `config`, the fields of its config.json, adds what those do not tell. Reads no weights but the table of
 * positions.
 *
 * Where the embeddings stand under two names, those of `encoder.embed_tokens` count, as in transformers.
 *
 * @throws {ProCacheError} `invalid-model` for anything else, files that are not complete, and a config that contradicts
 * the tensors or cannot be followed.
 */
export async function openTextModel(checkpoint: Checkpoint, config: ConfigJson = {}): Promise<TextModel> {
  const { table, bias } = tellingTensors(checkpoint);
  const [vocabulary, width] = table.shape as readonly [number, number];
  const [buckets, heads] = bias.shape as readonly [number, number];
  const file = new ConfigFile('config.json', config);
  const fields = new ConfigFields(file);
  const finder = new WeightFinder(checkpoint);
  const depth = blockCount(checkpoint, 'encoder.block');
  const blocks: T5Block[] = [];
  for (let i = 0; i < depth; i++) blocks.push(await blockOf(finder, checkpoint, { block: i, width, heads }));
  const end = await finder.weight('encoder.final_layer_norm.weight', [width]);
  const epsilon = fields.number('layer_norm_epsilon', 0, 1) ?? 1e-6;
  const distance = fields.integer('relative_attention_max_distance', 2, 1e6) ?? MOST_DISTANCE;
  checkConfig(fields, { vocabulary, width, heads, buckets, blocks });
  const biases = await readFloats(bias);
  return {
    ...{ width, vocabulary, heads },
    parameters: elementCount(table.shape) + parametersOfBlocks(checkpoint),
    unreadFields: file.unread(),
    embed: (ids) => embeddingRows(table, ids),
    positions: (tokens) => positionBias(biases, { buckets, heads, tokens, distance }),
    blockGraphs: () =>
      blocks.map((block, i) => t5BlockGraph(block, { name: `text block ${i}`, width, heads, epsilon })),
    endGraph: () => t5EndGraph(end, { width, epsilon }),
  };
}

/** The embeddings, and the biases of positions, both of which tell extents. */
function tellingTensors(checkpoint: Checkpoint): Readonly<Record<'table' | 'bias', StoredTensor>> {
  const { tensors } = checkpoint;
  const table = tensors.get(EMBEDDINGS) ?? tensors.get('shared.weight');
  const bias = tensors.get(POSITIONS);
  if (table?.shape.length === 2 && bias?.shape.length === 2) return { table, bias };
  const isT5 = table !== undefined || bias !== undefined || tensors.has('encoder.final_layer_norm.weight');
  return refuseUnknown(checkpoint, isT5 ? (table ? POSITIONS : EMBEDDINGS) : undefined);
}

const EMBEDDINGS = 'encoder.embed_tokens.weight';
/** The table of positions, which the first block has for all. */
const POSITIONS = 'encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight';

async function blockOf(
  finder: WeightFinder,
  { tensors }: Checkpoint,
  { block, width, heads }: { readonly block: number; readonly width: number; readonly heads: number },
): Promise<T5Block> {
  const attention = `encoder.block.${block}.layer.0`;
  const dense = `encoder.block.${block}.layer.1`;
  const rows = (name: string) => tensors.get(name)?.shape[0] ?? 0;
  const inner = rows(`${attention}.SelfAttention.q.weight`);
  const middle = rows(`${dense}.DenseReluDense.wi_0.weight`);
  if (inner % heads !== 0)
    throw new ProCacheError('invalid-model', `${heads} heads do not divide ${inner} queries; the file is damaged`);
  const layer = (name: string, out: number, from: number) => finder.weight(`${name}.weight`, [out, from]);
  return {
    attentionNorm: await finder.weight(`${attention}.layer_norm.weight`, [width]),
    query: await layer(`${attention}.SelfAttention.q`, inner, width),
    key: await layer(`${attention}.SelfAttention.k`, inner, width),
    value: await layer(`${attention}.SelfAttention.v`, inner, width),
    projection: await layer(`${attention}.SelfAttention.o`, width, inner),
    denseNorm: await finder.weight(`${dense}.layer_norm.weight`, [width]),
    gate: await layer(`${dense}.DenseReluDense.wi_0`, middle, width),
    linear: await layer(`${dense}.DenseReluDense.wi_1`, middle, width),
    output: await layer(`${dense}.DenseReluDense.wo`, width, middle),
  };
}

interface T5Extents {
  readonly vocabulary: number;
  readonly width: number;
  readonly heads: number;
  readonly buckets: number;
  readonly blocks: readonly T5Block[];
}

function checkConfig(fields: ConfigFields, { vocabulary, width, heads, buckets, blocks }: T5Extents): void {
  checkArithmetic(fields, T5_ARITHMETIC, 'T5');
  checkClaims(fields, {
    vocab_size: vocabulary,
    d_model: width,
    num_heads: heads,
    d_kv: blocks[0]!.query.shape[0]! / heads,
    d_ff: blocks[0]!.gate.shape[0]!,
    num_layers: blocks.length,
    relative_attention_num_buckets: buckets,
  });
  fields.find(...INDIFFERENT);
}

function parametersOfBlocks({ tensors }: Checkpoint): number {
  const own = [...tensors.values()].filter(({ name }) => /^encoder\.(block|final_layer_norm)\./.test(name));
  return own.reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

function refuseUnknown({ tensors }: Checkpoint, missing: string | undefined): never {
  const some = [...tensors.keys()].slice(0, 3).map((name) => shownName(name));
  throw new ProCacheError(
    'invalid-model',
    missing === undefined
      ? `the ${tensors.size} tensors are not of a text encoder (${some.join(', ')}); ` +
          `supported is the encoder of a T5 in version 1.1, in the names of transformers`
      : `tensor ${missing} is missing; the file is not a complete T5 encoder, download it again`,
  );
}
