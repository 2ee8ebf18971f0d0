import { refuse, shown } from '@procache/core/untrusted';
import { type Field, fieldsOf } from './protobuf.ts';
import { readConfig, type TokenizerConfig } from './tokenizer-config.ts';
import { type Tokenizer, tokenizerOf } from './tokenizer.ts';

// A sentencepiece model is a message of protocol buffers, sentencepiece_model.proto: pieces, how it was trained, how
// texts are normalised. T5 adds its sentinels and the end mark, which the model itself knows nothing of.

const FILE = 'spiece.model';
const ADVICE = 'download it again, or take a tokenizer.json, which transformers writes beside it';
/** Fields of the model, of a piece, of the training and of the normaliser, by what they hold. */
const MODEL = { pieces: 1, training: 2, normaliser: 3 } as const;
const PIECE = { text: 1, score: 2, type: 3 } as const;
const TRAINING = { type: 3, spaceIsSuffix: 24 } as const;
const NORMALISER = { name: 1, dummyPrefix: 3, removeExtraSpaces: 4, escapeSpaces: 5 } as const;
/** Types of pieces that a text is cut into, that stand for what is unknown, and that no text holds. */
const [NORMAL, UNKNOWN, CONTROL] = [1, 2, 3];
/** The type of a unigram model. */
const UNIGRAM = 1;

/** The slice of the Encoding standard used here; every host has it, the ES2023 library does not list it. */
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly fatal: boolean; readonly ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface Piece {
  readonly text: string;
  readonly score: number;
  readonly type: number;
}

/**
 * Opens a tokenizer of which only the sentencepiece model is there, `spiece.model`, for a T5 text encoder. Its ids are
 * those of the tokenizer.json that transformers makes of it: `</s>`, `<pad>` and sentinels within a text are read as
 * the special tokens of these names. `config` is the text of tokenizer_config.json, which says how many sentinels there
 * are (`extra_ids`); 100 without it.
 *
 * @throws {ProCacheError} `invalid-model` for what is no unigram model that reads texts as T5's does.
 */
export function openSentencePiece(bytes: Uint8Array, config?: string): Tokenizer {
  const fields = fieldsOf(bytes, FILE, ADVICE);
  const known = readConfig(config);
  checkTraining(messageIn(fields, MODEL.training));
  const pieces = fields.filter(({ number }) => number === MODEL.pieces).map((field, i) => pieceOf(field, i));
  const unknown = pieces.findIndex(({ type }) => type === UNKNOWN);
  if (unknown < 0)
    refuse(FILE, `none of its ${pieces.length} pieces is for what is unknown; ${ADVICE}`, 'invalid-model');
  const sentinels = Array.from({ length: known.sentinels }, (_, i) => `<extra_id_${known.sentinels - 1 - i}>`);
  const texts = [...pieces.map(({ text }) => text), ...sentinels];
  checkListed(known, texts);
  const special = texts.map((_, id) => id).filter((id) => pieces[id]?.type !== NORMAL);
  const json = {
    added_tokens: special.map((id) => addedToken(id, texts[id]!)),
    normalizer: normaliserOf(messageIn(fields, MODEL.normaliser)),
    pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, METASPACE] },
    post_processor: endingWith(known.end, texts.indexOf(known.end)),
    decoder: METASPACE,
    model: { type: 'Unigram', unk_id: unknown, vocab: texts.map((text, id) => [text, pieces[id]?.score ?? 0]) },
  };
  return tokenizerOf(json, known, FILE);
}

const METASPACE = { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true };

function addedToken(id: number, content: string): object {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

function endingWith(end: string, id: number): object {
  const single = [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: end, type_id: 0 } }];
  return { type: 'TemplateProcessing', single, pair: single, special_tokens: { [end]: { id: end, ids: [id] } } };
}

function pieceOf({ bytes }: Field, index: number): Piece {
  const place = `${FILE}, piece ${index}`;
  const fields = fieldsOf(bytes, place, ADVICE);
  const text = textIn(fields, PIECE.text);
  if (text === '') refuse(place, `has no text; ${ADVICE}`, 'invalid-model');
  const type = numberIn(fields, PIECE.type) ?? NORMAL;
  if (type !== NORMAL && type !== UNKNOWN && type !== CONTROL)
    refuse(
      place,
      `${shown(text)} is of the type ${type}, and T5 has ${NORMAL}, ${UNKNOWN} and ${CONTROL}; ${ADVICE}`,
      'invalid-model',
    );
  return { text, score: numberIn(fields, PIECE.score) ?? 0, type };
}

function checkTraining(training: readonly Field[]): void {
  const type = numberIn(training, TRAINING.type) ?? UNIGRAM;
  if (type !== UNIGRAM)
    refuse(
      FILE,
      `its model is of the type ${type}, where T5 has a unigram model (${UNIGRAM}); ${ADVICE}`,
      'invalid-model',
    );
  if ((numberIn(training, TRAINING.spaceIsSuffix) ?? 0) !== 0)
    refuse(FILE, `it writes spaces after words, and T5 before them; ${ADVICE}`, 'invalid-model');
}

/** What makes texts uniform, as tokenizer.json names it. */
function normaliserOf(normaliser: readonly Field[]): object | null {
  for (const [what, number] of Object.entries(NORMALISER)) {
    if (what !== 'name' && (numberIn(normaliser, number) ?? 1) !== 1)
      refuse(FILE, `its normaliser has ${what} switched off, and T5 has it on; ${ADVICE}`, 'invalid-model');
  }
  const name = textIn(normaliser, NORMALISER.name);
  if (name === 'nmt_nfkc') return { type: 'Precompiled', precompiled_charsmap: null };
  if (name === 'identity') return null;
  return refuse(FILE, `its normaliser is ${shown(name)}, and T5 has "nmt_nfkc"; ${ADVICE}`, 'invalid-model');
}

/** Checks the ids that tokenizer_config.json lists against those that there are. */
function checkListed({ listed }: TokenizerConfig, texts: readonly string[]): void {
  for (const [id, text] of listed) {
    if (texts[id] === text) continue;
    const has = texts[id] === undefined ? `there are ${texts.length} tokens` : `that is ${shown(texts[id])}`;
    const problem = `${shown(text)} should be token ${id}, but with ${FILE} ${has}`;
    refuse(
      'tokenizer_config.json.added_tokens_decoder',
      `${problem}; take the two files of one model`,
      'invalid-model',
    );
  }
}

function last(fields: readonly Field[], number: number): Field | undefined {
  return fields.findLast((field) => field.number === number);
}

function numberIn(fields: readonly Field[], number: number): number | undefined {
  return last(fields, number)?.value;
}

function textIn(fields: readonly Field[], number: number): string {
  const { bytes } = last(fields, number) ?? {};
  if (bytes === undefined) return '';
  try {
    return decoder.decode(bytes);
  } catch {
    return refuse(FILE, `the text of field ${number} is not UTF-8; ${ADVICE}`, 'invalid-model');
  }
}

function messageIn(fields: readonly Field[], number: number): readonly Field[] {
  return fieldsOf(last(fields, number)?.bytes ?? new Uint8Array(0), FILE, ADVICE);
}
