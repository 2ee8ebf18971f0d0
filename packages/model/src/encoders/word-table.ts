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
  /** The words of a text that the table does not have, or not with all their letters: what it lacks is left out. */
  unknownWords(text: string): readonly string[];
  /** The known words of a text for which there is no place: they are cut off. */
  cutWords(text: string): readonly string[];
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
  const knownIn = (text: string): readonly string[] =>
    chunksOf(text)
      .map(wordOf)
      .filter((word) => word !== '' && rows.has(word));
  return {
    width,
    words: words.slice(END_ROW + 1),
    embed: (text) => {
      const known = knownIn(text).map((word) => rows.get(word)!);
      const chosen = [...known.slice(0, tokens - 1), END_ROW];
      const values = new Float32Array(tokens * width);
      // The padding has a vector too, which nothing attends to.
      for (let token = 0; token < tokens; token++) {
        const row = chosen[token] ?? 0;
        values.set(table.subarray(row * width, (row + 1) * width), token * width);
      }
      return { values, tokens: chosen.length, text };
    },
    unknownWords: (text) =>
      chunksOf(text)
        .filter((chunk) => !isPlain(chunk) || !rows.has(wordOf(chunk)))
        .map((chunk) => chunk.normalize('NFC')),
    cutWords: (text) => knownIn(text).slice(tokens - 1),
  };
}

/** What stands between the separators of a text, which are all of ASCII but letters and digits; decomposed. */
function chunksOf(text: string): readonly string[] {
  return (
    text
      .normalize('NFKD')
      .match(/[^\0-/:-@[-`{-\x7F]+/g)
      ?.filter((chunk) => lettersOf(chunk) !== '') ?? []
  );
}

/** A chunk without its accents, and without what joins and varies signs. */
function lettersOf(chunk: string): string {
  return chunk.replace(/[\p{M}\p{Cf}]/gu, '');
}

/** Whether all of a chunk is looked up. */
function isPlain(chunk: string): boolean {
  return /^[\0-\x7F]*$/.test(lettersOf(chunk));
}

/** The word that is looked up for a chunk: lower case, and of ASCII alone; empty where there is none. */
function wordOf(chunk: string): string {
  return chunk.replace(/[^\0-\x7F]/g, '').toLowerCase();
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
