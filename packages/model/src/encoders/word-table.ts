import { ProCacheError, type TextEmbedding } from '@procache/core';
import { isJsonObject, parseJson, shown } from '@procache/core/untrusted';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import type { Folder } from '../folder/folder.ts';
import { textIn } from '../folder/text-in.ts';

// Texts as bags of words: each known word is a token, its embedding a learned vector without a position. It is what
// `emoji-pixart` was trained with (tools/train, captions.py).

/** Reads texts by the word. */
export interface WordTable {
  /** Numbers of a token. */
  readonly width: number;
  /** Words that there are, without the padding and the end mark. */
  readonly words: readonly string[];
  /** The embedding of a text, [tokens, width]: its known words, then the end mark, then padding. */
  embed(text: string): TextEmbedding;
  /** The words of a text that the table does not have: they are left out. */
  unknownWords(text: string): readonly string[];
}

/** What the first rows of the table stand for. */
const [PADDING, END] = ['', '</s>'];
const END_ROW = 1;
/** The files of a table in a folder. */
const [VOCABULARY, VECTORS] = ['vocabulary.json', 'text_encoder.safetensors'];
/** The vectors of all words, [words, width]. */
const TABLE = 'embedding.weight';

/**
 * Opens the table of words in a folder.
 *
 * @throws {ProCacheError} `invalid-model` where one of its files is missing, or the two do not belong together.
 */
export async function openWordFolder(folder: Folder, { tokens }: { readonly tokens: number }): Promise<WordTable> {
  const [vocabulary, vectors] = [await textIn(folder, VOCABULARY), await folder.open(VECTORS)];
  const missing = vocabulary === undefined ? VOCABULARY : VECTORS;
  if (vocabulary !== undefined && vectors !== undefined)
    return openWordTable(await openCheckpoint(vectors), vocabulary, { tokens });
  throw new ProCacheError(
    'invalid-model',
    `${folder.name}/${missing}: there is no such file, and a table of words is two files; put it beside the other`,
  );
}

/**
 * Opens a table of words: `vocabulary`, the text of a JSON list with the word of each row, and the vectors.
 *
 * @throws {ProCacheError} `invalid-model` where the two do not belong together.
 */
export async function openWordTable(
  checkpoint: Checkpoint,
  vocabulary: string,
  { tokens }: { readonly tokens: number },
): Promise<WordTable> {
  const words = wordsIn(vocabulary);
  const tensor = checkpoint.tensors.get(TABLE);
  if (tensor?.shape.length !== 2 || tensor.shape[0] !== words.length) {
    const has = tensor === undefined ? 'there is none' : `it is [${tensor.shape.join(', ')}]`;
    throw new ProCacheError(
      'invalid-model',
      `tensor ${TABLE}: the vocabulary has ${words.length} words, which takes a table of [${words.length}, width], ` +
        `but ${has}; take the two files of one model`,
    );
  }
  const width = tensor.shape[1]!;
  const table = await readFloats(tensor);
  const rows = new Map(words.map((word, row) => [word, row]));
  return {
    width,
    words: words.slice(END_ROW + 1),
    embed: (text) => {
      const known = wordsOf(text).flatMap((word) => rows.get(word) ?? []);
      const chosen = [...known.slice(0, tokens - 1), END_ROW];
      const values = new Float32Array(tokens * width);
      // The padding has a vector too, which nothing attends to.
      for (let token = 0; token < tokens; token++) {
        const row = chosen[token] ?? 0;
        values.set(table.subarray(row * width, (row + 1) * width), token * width);
      }
      return { values, tokens: chosen.length, text };
    },
    unknownWords: (text) => wordsOf(text).filter((word) => !rows.has(word)),
  };
}

/** The words of a text: lower case, accents removed, everything but letters and digits separates. */
function wordsOf(text: string): readonly string[] {
  const plain = text
    .normalize('NFKD')
    .replace(/[^\0-\x7F]/g, '')
    .toLowerCase();
  return plain.match(/[a-z0-9]+/g) ?? [];
}

function wordsIn(vocabulary: string): readonly string[] {
  const advice = 'give the list of the words of the table';
  const value = parseJson(vocabulary, { name: 'vocabulary.json', code: 'invalid-model', advice });
  const list: readonly unknown[] = Array.isArray(value) && !isJsonObject(value) ? value : [];
  const words = list.filter((word) => typeof word === 'string');
  const [padding, end] = words;
  if (words.length === list.length && padding === PADDING && end === END && new Set(words).size === words.length)
    return words;
  throw new ProCacheError(
    'invalid-model',
    `vocabulary.json: ${shown(value)} is no list of different words that begins with "${PADDING}" and "${END}"; ` +
      advice,
  );
}
