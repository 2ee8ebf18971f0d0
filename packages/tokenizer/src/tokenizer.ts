import { ProCacheError } from '@procache/core';
import {
  isJsonObject,
  listOf,
  memberOf,
  messageOf,
  objectOf,
  parseJson,
  type Placed,
  refuse,
  shown,
} from '@procache/core/untrusted';
import * as huggingFace from '@huggingface/tokenizers';
import { readConfig, type TokenizerConfig } from './tokenizer-config.ts';

/** Reads texts as the ids of tokens. It holds no state: the same text gives the same ids. */
export interface Tokenizer {
  /** One more than the highest id, the sentinels included. */
  readonly vocabulary: number;
  /**
   * The ids of a text, which end with that of `</s>`; "" is that one alone.
   *
   * @throws {ProCacheError} `invalid-input` for a number of tokens that is no integer of at least 1.
   */
  encode(text: string, maxTokens: number): EncodedText;
}

/** A text as ids. */
export interface EncodedText {
  /** [maxTokens], padded at the end with the id of `<pad>`. */
  readonly ids: Int32Array;
  /** How many of them are not padding. */
  readonly tokens: number;
  /** What of the text was cut off, as far as tokens tell; undefined where all of it was read. */
  readonly cut: string | undefined;
}

/** The texts of the files of a tokenizer. */
export interface TokenizerFiles {
  /** Of tokenizer.json. */
  readonly tokenizer: string;
  /** Of tokenizer_config.json. */
  readonly config?: string | undefined;
}

/** What is used of the library, whose own types name files without their extensions, which NodeNext does not find. */
interface Library {
  readonly model: { readonly vocab: readonly string[] };
  encode(text: string): { readonly ids: readonly number[]; readonly tokens: readonly string[] };
  token_to_id(token: string): number | undefined;
}

const LibraryTokenizer = huggingFace.Tokenizer as new (tokenizer: object, config: object) => Library;

const FILE = 'tokenizer.json';
const ADVICE =
  'take the tokenizer folder that belongs to the text encoder (T5: a unigram model), and download it again';
/** What stands for a space in tokens. */
const SPACE = '\u2581';

/**
 * Opens a tokenizer as `save_pretrained` of transformers writes it, `tokenizer.json`, for a T5 text encoder.
 *
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { cleanCaption, openTokenizer } from '@procache/tokenizer';
 *
 * const tokenizer = openTokenizer({ tokenizer: readFileSync('tokenizer.json', 'utf8') });
 * const { ids, tokens } = tokenizer.encode(cleanCaption('A small red fox'), 120); // ids [120]
 * ```
 *
 * @throws {ProCacheError} `invalid-model` for what is no unigram tokenizer that ends texts with `</s>`, with the file.
 */
export function openTokenizer({ tokenizer, config }: TokenizerFiles): Tokenizer {
  const value = parseJson(tokenizer, { name: FILE, code: 'invalid-model', advice: ADVICE });
  const placed: Placed = { value, place: FILE, code: 'invalid-model' };
  checkModel(memberOf(placed, 'model'));
  checkAdded(placed);
  return tokenizerOf(objectOf(placed), readConfig(config), FILE);
}

/** The same of what a tokenizer.json holds, its model checked; `file` is where it comes from. */
export function tokenizerOf(
  json: Readonly<Record<string, unknown>>,
  { padding, end }: TokenizerConfig,
  file: string,
): Tokenizer {
  const library = openLibrary(json, end, file);
  const idOf = (token: string): number => {
    const id = library.token_to_id(token);
    if (id === undefined) refuse(file, `has no token ${shown(token)}; ${ADVICE}`, 'invalid-model');
    return id;
  };
  const [paddingId, endId] = [idOf(padding), idOf(end)];
  const nothing = attempt(() => library.encode('').ids, file);
  if (nothing.length !== 1 || nothing[0] !== endId) {
    const problem = `reads "" as [${nothing.join(', ')}], which should be ${shown(end)} alone, [${endId}]`;
    refuse(file, `${problem}; ${ADVICE}`, 'invalid-model');
  }
  return {
    vocabulary: library.model.vocab.length,
    encode: (text, maxTokens) => {
      if (!Number.isSafeInteger(maxTokens) || maxTokens < 1)
        refuse('maxTokens', `${shown(maxTokens)} is not an integer of at least 1`, 'invalid-input');
      const { ids: all, tokens: pieces } = library.encode(text);
      const ids = new Int32Array(maxTokens).fill(paddingId);
      if (all.length <= maxTokens) {
        ids.set(all);
        return { ids, tokens: all.length, cut: undefined };
      }
      ids.set([...all.slice(0, maxTokens - 1), endId]);
      const cut = pieces.slice(maxTokens - 1, -1).join('');
      return { ids, tokens: maxTokens, cut: cut.replaceAll(SPACE, ' ').trim() };
    },
  };
}

function openLibrary(json: Readonly<Record<string, unknown>>, end: string, file: string): Library {
  const { normalizer = null, pre_tokenizer = null, post_processor = null, decoder = null } = json;
  const { model, added_tokens = [] } = json;
  const tokenizer = { normalizer, pre_tokenizer, post_processor, decoder, model, added_tokens };
  return attempt(() => new LibraryTokenizer(tokenizer, { eos_token: end }), file);
}

/** What the library makes of a file; what it cannot make anything of is a file that is wrong. */
function attempt<Result>(open: () => Result, file: string): Result {
  try {
    return open();
  } catch (cause) {
    const problem = `${file}: cannot be read as a tokenizer: ${messageOf(cause)}; ${ADVICE}`;
    throw new ProCacheError('invalid-model', problem, { cause });
  }
}

/** Checks that a model is a unigram one whose pieces are texts with scores. */
function checkModel(model: Placed): void {
  if (!isJsonObject(model.value) || model.value['type'] !== 'Unigram') {
    const type = isJsonObject(model.value) ? `is of the type ${shown(model.value['type'])}` : 'is missing';
    refuse(model.place, `${type}, where T5 has a unigram model ("Unigram"); ${ADVICE}`, 'invalid-model');
  }
  if (model.value['byte_fallback'] === true)
    refuse(`${model.place}.byte_fallback`, `true is not known, and T5 has false; ${ADVICE}`, 'invalid-model');
  const vocabulary = memberOf(model, 'vocab');
  const pieces = listOf(vocabulary);
  for (const { value, place } of pieces) {
    const [piece, score] = Array.isArray(value) ? (value as readonly unknown[]) : [];
    if (typeof piece !== 'string' || typeof score !== 'number' || piece === '')
      refuse(place, `${shown(value)} is no [piece, score]; ${ADVICE}`, 'invalid-model');
  }
  const unknown = model.value['unk_id'];
  if (typeof unknown !== 'number' || !(unknown in pieces)) {
    const problem = `${shown(unknown)} is none of the ${pieces.length} pieces`;
    refuse(`${model.place}.unk_id`, `${problem}; ${ADVICE}`, 'invalid-model');
  }
}

/** Checks the tokens that were added to the pieces: a text and an id each. */
function checkAdded(tokenizer: Placed): void {
  const added = memberOf(tokenizer, 'added_tokens');
  if (added.value === undefined) return;
  for (const token of listOf(added)) {
    const { id, content } = objectOf(token);
    if (typeof content !== 'string' || content === '' || !Number.isInteger(id) || (id as number) < 0)
      refuse(token.place, `${shown(token.value)} is no token with its id; ${ADVICE}`, 'invalid-model');
  }
}
