import {
  integerOf,
  isJsonObject,
  memberOf,
  objectOf,
  parseJson,
  type Placed,
  refuse,
  shown,
} from '@procache/core/untrusted';

/** What tokenizer_config.json says that decides ids. */
export interface TokenizerConfig {
  /** The token that texts are padded with. */
  readonly padding: string;
  /** The token that ends every text. */
  readonly end: string;
  /** The sentinels after the pieces of a sentencepiece model, `<extra_id_0>` the last. */
  readonly sentinels: number;
  /** The ids of tokens that the file lists, for a sentencepiece model, which does not have them all. */
  readonly listed: ReadonlyMap<number, string>;
}

const FILE = 'tokenizer_config.json';
const ADVICE = 'take the tokenizer folder that belongs to the text encoder, a T5';
/** Sentinels of T5, and the most that are read. */
const [SENTINELS, MOST_SENTINELS] = [100, 10_000];

/**
 * Reads the text of a tokenizer_config.json; without one, everything is as T5 has it.
 *
 * @throws {ProCacheError} `invalid-model` for what is not JSON, and for the tokenizer of another model.
 */
export function readConfig(text: string | undefined): TokenizerConfig {
  const parsed =
    text === undefined
      ? {}
      : parseJson(text, { name: FILE, code: 'invalid-model', pythonNumbers: true, advice: ADVICE });
  const config: Placed = { value: parsed, place: FILE, code: 'invalid-model' };
  const name = objectOf(config)['tokenizer_class'];
  const isT5 = name === undefined || name === null || (typeof name === 'string' && /^T5Tokenizer(Fast)?$/.test(name));
  if (!isT5 && name !== 'PreTrainedTokenizerFast') {
    const problem = `${shown(name)} is none of T5Tokenizer, T5TokenizerFast, PreTrainedTokenizerFast`;
    refuse(`${FILE}.tokenizer_class`, `${problem}; ${ADVICE}`, 'invalid-model');
  }
  const extra = memberOf(config, 'extra_ids');
  return {
    padding: tokenIn(config, 'pad_token', '<pad>'),
    end: tokenIn(config, 'eos_token', '</s>'),
    sentinels: extra.value == null ? SENTINELS : integerOf(extra, 0, MOST_SENTINELS),
    listed: listedIn(memberOf(config, 'added_tokens_decoder')),
  };
}

/** A token that is named by its text, or written out as an object. */
function tokenIn(config: Placed, key: string, usual: string): string {
  const { value, place } = memberOf(config, key);
  const token = isJsonObject(value) ? value['content'] : (value ?? usual);
  if (typeof token === 'string' && token !== '') return token;
  return refuse(place, `${shown(value)} is no token; T5 has "${usual}"`, 'invalid-model');
}

function listedIn(decoder: Placed): ReadonlyMap<number, string> {
  if (decoder.value == null) return new Map();
  return new Map(
    Object.keys(objectOf(decoder)).map((id) => [Number(id), tokenIn(memberOf(decoder, id), 'content', '<pad>')]),
  );
}
