import { ProCacheError, type TextEmbedding } from '@procache/core';
import { listedNames, shown } from '@procache/core/untrusted';
import type { Checkpoint, StoredTensor } from '../checkpoint/checkpoint.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import { refusalOfTensor } from '../checkpoint/refusal.ts';
import { type TensorValues, writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { embeddingTexts, NEGATIVE_TEXTS, PROMPT_TEXTS } from './embedding-texts.ts';

// Texts that were read elsewhere: what `encode_prompt` of diffusers' PixArt pipelines gives, saved under the names of
// the arguments that take it again.

/** Texts whose embeddings are there already. */
export interface Embeddings {
  /** Numbers of a token. */
  readonly width: number;
  /** The texts that there are, in the order of the file, the negative ones after the others. */
  readonly texts: readonly string[];
  /** Those of them that are there to be drawn. */
  readonly prompts: readonly string[];
  /**
   * The embedding of a text; the same text gives the same object.
   *
   * @throws {ProCacheError} `invalid-input` for a text that is not among them.
   */
  embed(text: string): TextEmbedding;
}

export interface EmbeddingsOptions {
  /** Tokens of an embedding, the padding included: what the transformer takes. */
  readonly tokens: number;
  /** What the file is called, for messages. */
  readonly name: string;
}

/** The tensors of the file: embeddings [texts, tokens, width], and masks [texts, tokens] of 1 for text. */
const PROMPTS = { values: 'prompt_embeds', mask: 'prompt_attention_mask', texts: PROMPT_TEXTS };
const NEGATIVES = { values: 'negative_prompt_embeds', mask: 'negative_prompt_attention_mask', texts: NEGATIVE_TEXTS };
const NAMES: readonly string[] = [PROMPTS, NEGATIVES].flatMap(({ values, mask }) => [values, mask]);

/**
 * Opens a file of embeddings as users of diffusers save it: `prompt_embeds`, `prompt_attention_mask`,
 * `negative_prompt_embeds` and `negative_prompt_attention_mask`, of which the first must be there. Without a mask all
 * tokens are text. Texts are found by what the file says of itself (`embeddingsFile`); of a file that does not, the
 * prompts are called "#1", "#2" and so on, and the negative one, of which all rows must be equal, is the empty text.
 *
 * @throws {ProCacheError} `invalid-model` for other tensors, shapes that do not fit each other, masks that are not text
 * first and padding after it, and more text than `tokens`.
 */
export async function openEmbeddings(checkpoint: Checkpoint, { tokens, name }: EmbeddingsOptions): Promise<Embeddings> {
  const { tensors, metadata } = checkpoint;
  const other = [...tensors.keys()].filter((tensor) => !NAMES.includes(tensor));
  if (other.length > 0 || !tensors.has(PROMPTS.values)) {
    const problem = other.length > 0 ? `holds ${listedNames(other)}` : `has no ${PROMPTS.values}`;
    throw new ProCacheError('invalid-model', `${name}: ${problem}; a file of embeddings has ${NAMES.join(', ')}`);
  }
  const [prompts, negatives] = [
    await rowsOf(tensors, PROMPTS, tokens),
    tensors.has(NEGATIVES.values) || tensors.has(NEGATIVES.mask) ? await rowsOf(tensors, NEGATIVES, tokens) : [],
  ];
  const width = prompts[0]!.values.length / tokens;
  if (negatives.length > 0 && negatives[0]!.values.length !== width * tokens) {
    const found = `has ${negatives[0]!.values.length / tokens} numbers for each token`;
    const problem = `${found}, and ${PROMPTS.values} has ${width}; save both with one text encoder`;
    throw refusalOfTensor({ name }, NEGATIVES.values)(problem);
  }
  const texts = embeddingTexts({ metadata, name, prompts, negatives });
  const known = new Map<string, TextEmbedding>();
  [...prompts, ...negatives].forEach((row, i) => {
    const text = texts[i]!;
    if (!known.has(text)) known.set(text, { ...row, text });
  });
  return {
    width,
    texts: [...known.keys()],
    prompts: [...new Set(texts.slice(0, prompts.length))],
    embed: (text) =>
      known.get(text) ?? refuseText(name, text, texts.slice(0, prompts.length), texts.slice(prompts.length)),
  };
}

/**
 * The bytes of a file of embeddings that `openEmbeddings` and pipelines of diffusers read. The texts of the embeddings,
 * where all have one, stand in what it says of itself.
 */
export function embeddingsFile(
  prompts: readonly TextEmbedding[],
  negatives: readonly TextEmbedding[],
  { tokens }: { readonly tokens: number },
): Uint8Array {
  const tensors = new Map<string, TensorValues>();
  const metadata = new Map<string, string>();
  const parts = [
    [PROMPTS, prompts],
    [NEGATIVES, negatives],
  ] as const;
  for (const [names, rows] of parts) {
    if (rows.length === 0) continue;
    const size = rows[0]!.values.length;
    const data = new Float32Array(rows.length * size);
    const mask = new Int32Array(rows.length * tokens);
    rows.forEach((row, i) => {
      data.set(row.values, i * size);
      mask.fill(1, i * tokens, i * tokens + row.tokens);
    });
    tensors.set(names.values, { shape: [rows.length, tokens, size / tokens], data });
    tensors.set(names.mask, { shape: [rows.length, tokens], data: mask });
    const texts = rows.flatMap(({ text }) => text ?? []);
    if (texts.length === rows.length) metadata.set(names.texts, JSON.stringify(texts));
  }
  return writeSafetensors(tensors, metadata);
}

function refuseText(name: string, text: string, prompts: readonly string[], negatives: readonly string[]): never {
  const has = listedNames([...new Set([...prompts, ...negatives])], { write: shown });
  const [negative] = negatives;
  const other =
    negative === undefined ? `save it with ${NEGATIVES.values}` : `lead away from ${shown(negative)} instead`;
  const way =
    text === ''
      ? `guidance leads away from it: ${other}, or draw without guidance (1)`
      : 'ask for one of those, or name the text encoder that reads any';
  throw new ProCacheError('invalid-input', `${name}: has no embedding of ${shown(text)}, but of ${has}; ${way}`);
}

/** The embeddings of a tensor and its mask, each of `tokens` tokens. */
async function rowsOf(
  tensors: Checkpoint['tensors'],
  names: { readonly values: string; readonly mask: string },
  tokens: number,
): Promise<readonly TextEmbedding[]> {
  const [tensor, mask] = [tensors.get(names.values), tensors.get(names.mask)];
  if (tensor === undefined)
    throw refusalOfTensor(mask!.source, names.mask)(`there is no ${names.values} that it could be of; save both`);
  const refuse = refusalOfTensor(tensor.source, names.values);
  const { count, length, width } = extentsOf(tensor);
  const counts = mask === undefined ? undefined : await countsOf(mask, [count, length]);
  const all = await readFloats(tensor);
  return Array.from({ length: count }, (_, row) => {
    const text = counts?.[row] ?? length;
    if (text > tokens) {
      const problem = `text ${row + 1} has ${text} tokens, and the model sees ${tokens}`;
      throw refuse(`${problem}; save it with max_sequence_length ${tokens}`);
    }
    const values = new Float32Array(tokens * width);
    values.set(all.subarray(row * length * width, (row * length + Math.min(length, tokens)) * width));
    if (!values.every(Number.isFinite))
      throw refuse(`text ${row + 1} has numbers that are not finite; save it again, in bfloat16 or float32`);
    return { values, tokens: text };
  });
}

/** The extents of [texts, tokens, width]; [tokens, width] is one text. */
function extentsOf({ name, source, shape }: StoredTensor) {
  const [width = 0, length = 0, count = 1, ...more] = shape.toReversed();
  if (shape.length >= 2 && more.length === 0 && count * length * width > 0) return { count, length, width };
  const problem = `is [${shape.join(', ')}], and should be [texts, tokens, width]`;
  throw refusalOfTensor(source, name)(`${problem}; save it as the pipeline's encode_prompt gives it`);
}

/** How many tokens of each text a mask says to be text: they come first. */
async function countsOf(mask: StoredTensor, expected: readonly [number, number]): Promise<readonly number[]> {
  const refuse = refusalOfTensor(mask.source, mask.name);
  const [count, length] = expected;
  const [tokens, texts = 1, ...more] = mask.shape.toReversed();
  if (tokens !== length || texts !== count || more.length > 0) {
    const problem = `is [${mask.shape.join(', ')}], and its embeddings are [${expected.join(', ')}, width]`;
    throw refuse(`${problem}; save both of one call of encode_prompt`);
  }
  const ones = await readFloats(mask);
  return Array.from({ length: count }, (_, row) => {
    const own = ones.subarray(row * length, (row + 1) * length);
    const text = own.reduce((sum, value) => sum + value, 0);
    if (text >= 1 && own.every((value, token) => value === (token < text ? 1 : 0))) return text;
    throw refuse(
      `of text ${row + 1} it is not 1 for the text and then 0 for the padding; save it as the tokenizer gives it`,
    );
  });
}
