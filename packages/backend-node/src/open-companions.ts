import { basename } from 'node:path';
import { type Decoder, ProCacheError, type PromptEncoder } from '@procache/core';
import { integerOf, refuse, textOf } from '@procache/core/untrusted';
import { missingText, type PartName, type TransformerModel } from '@procache/model';
import { type Lacking, paddedEncoder } from '@procache/pipeline';
import { type NodeDecoder, openDecoder } from './open-decoder.ts';
import { openEncoder } from './open-encoder.ts';
import { type PartsBeside, partsBeside } from './parts-beside.ts';
import { previewFor } from './preview-decoder.ts';

/** What of a model's companions is not to be looked for beside it: what is open already, or its path. */
export interface CompanionPlaces {
  /** What makes images of latents; or a `vae` folder, or the file of an autoencoder. */
  readonly decoder?: Decoder | string | undefined;
  /** What reads texts; or a text encoder, or a table of words. */
  readonly encoder?: PromptEncoder | string | undefined;
  /** The tokenizer of a T5: its folder, its tokenizer.json or its spiece.model. By default what lies with the T5. */
  readonly tokenizer?: string | undefined;
}

/** What messages are about. */
export type CompanionOption = keyof CompanionPlaces | 'mostTokens';

export interface CompanionOptions {
  /** Threads that each computes with; by default one for each processor that this process may use. */
  readonly threads?: number | undefined;
  /** How many tokens of a text are read at most; by default as many as the model takes. */
  readonly mostTokens?: number | undefined;
  /** What messages call the option that names a part: `--vae`; by default the name of its place. */
  readonly spell?: ((part: CompanionOption) => string) | undefined;
}

/** What stands beside a model, opened so far that it is known to be there and to fit. The caller disposes of it. */
export interface Companions {
  /** What makes images of latents, where the model draws those and there is one. */
  readonly decoder: Decoder | undefined;
  /**
   * What shows single steps, where the decoder takes too long for that: a tiny autoencoder beside the model, else a
   * linear map of its latents.
   */
  readonly preview: Decoder | undefined;
  /** What reads texts, where the model takes them and there is one. */
  readonly encoder: PromptEncoder | undefined;
  /** Why one of them is not there, and the way out. */
  readonly lacking: Lacking;
  /** What lies beside the model and cannot be opened, with the reason: part of what is lacking. */
  readonly broken: BrokenParts;
}

/** Why parts that are there cannot be opened. */
export type BrokenParts = Readonly<Partial<Record<'decoder' | 'preview' | 'encoder', ProCacheError>>>;

/**
 * Opens the decoder and the encoder of a model: those that are named, else those beside it. Weights are loaded when
 * they are needed. What lies beside a model and cannot be opened is lacking: there may be no need of it.
 *
 * @throws {ProCacheError} `invalid-model` for what is named and does not fit, with the file and the way out.
 */
export async function openCompanions(
  path: string,
  model: TransformerModel,
  places: CompanionPlaces = {},
  { threads, mostTokens, spell = (part) => `the option ${part}` }: CompanionOptions = {},
): Promise<Companions> {
  checkTokenizer(places.tokenizer, spell('tokenizer'));
  const beside = await partsBeside(path, model);
  const of = <Part extends object>(
    part: keyof CompanionPlaces,
    named: Part | string | undefined,
    open: Opening<Part>,
  ) => companion({ part, named, beside, open, spell, hasTokenizer: places.tokenizer !== undefined });
  const decoder = await of<Decoder>('decoder', places.decoder, decoderFor(model, threads));
  const tiny = decoder.opened && (await tinyBeside(beside, model, threads));
  try {
    const encoder = await of<PromptEncoder>(
      'encoder',
      places.encoder,
      encoderFor(model, { threads, mostTokens, tokenizer: tokenizerFor(places, beside), spell }),
    );
    const lacking = { decoder: decoder.lacking, encoder: encoder.lacking };
    const preview = tiny?.opened ?? previewFor(model, decoder.opened);
    const opened = { decoder: decoder.opened, preview, encoder: encoder.opened };
    return { ...opened, lacking, broken: brokenOf({ decoder, preview: tiny, encoder }) };
  } catch (cause) {
    if (typeof places.decoder !== 'object') await decoder.opened?.dispose();
    await tiny?.opened?.dispose();
    throw cause;
  }
}

function brokenOf(parts: Readonly<Record<keyof BrokenParts, Companion<unknown> | undefined>>): BrokenParts {
  const broken = Object.entries(parts).flatMap(([part, found]) => (found?.broken ? [[part, found.broken]] : []));
  return Object.fromEntries(broken) as BrokenParts;
}

function checkTokenizer(path: unknown, option: string): void {
  if (path !== undefined) textOf({ value: path, place: option, code: 'invalid-input' });
}

/**
 * Refuses to draw without the decoder that lies beside a model and cannot be opened: whoever put it there wants
 * pictures, and is to hear of it before anything is computed.
 */
export function checkDecoder({ broken: { decoder: cause } }: Pick<Companions, 'broken'>, wayOut: string): void {
  if (cause === undefined) return;
  const problem = `the decoder of the model cannot be opened: ${cause.message}`;
  throw new ProCacheError(cause.code, `${problem}; ${wayOut}, or move this one away to get latents alone`, { cause });
}

/** A tiny autoencoder beside a larger one. */
async function tinyBeside(
  { places }: PartsBeside,
  model: TransformerModel,
  threads: number | undefined,
): Promise<Companion<Decoder>> {
  const open = decoderFor(model, threads);
  return places.preview && open ? openedAt(places.preview, open) : {};
}

/** A part that lies beside a model; or why it cannot be opened. */
async function openedAt<Part>(
  place: string,
  open: (path: string) => Promise<Part>,
): Promise<{ readonly opened: Part; readonly broken?: undefined } | { readonly broken: ProCacheError }> {
  try {
    return { opened: await open(place) };
  } catch (cause) {
    if (!(cause instanceof ProCacheError)) throw cause;
    const name = basename(place);
    const message = cause.message.includes(`${name}/`) ? cause.message : `${name}/${cause.message}`;
    return { broken: new ProCacheError(cause.code, message, { cause }) };
  }
}

/** Opens a part by its path; nothing where the model has no use for it. */
type Opening<Part> = ((path: string) => Promise<Part>) | undefined;

interface Wanted<Part> {
  readonly part: keyof CompanionPlaces;
  readonly named: Part | string | undefined;
  readonly beside: PartsBeside;
  readonly open: Opening<Part>;
  readonly spell: (part: keyof CompanionPlaces) => string;
  /** Whether somebody has named a tokenizer. */
  readonly hasTokenizer: boolean;
}

interface Companion<Part> {
  readonly opened?: Part | undefined;
  readonly lacking?: string | undefined;
  readonly broken?: ProCacheError | undefined;
}

/** A part that is given, or opened where it is named, else beside the model; or why there is none. */
async function companion<Part extends object>(wanted: Wanted<Part>): Promise<Companion<Part>> {
  const { part, named, beside, open, spell } = wanted;
  if (typeof named === 'object') checkPart(named, part === 'decoder' ? 'decode' : 'encode', spell(part));
  if (typeof named === 'object') return { opened: named };
  if (open === undefined) return named === undefined ? {} : refuse(spell(part), NO_USE[part], 'invalid-input');
  if (named !== undefined) return { opened: await openNamed(named, open, spell(part)) };
  const lacks = missingPart(wanted);
  if (lacks !== undefined) return { lacking: `${missingText(beside, lacks)!}, or name one with ${spell(lacks)}` };
  const found = await openedAt(beside.places[part]!, open);
  if (found.broken === undefined) return found;
  const lacking = `its ${part} cannot be opened: ${found.broken.message}, or name another with ${spell(part)}`;
  return { lacking, broken: found.broken };
}

/** A part that an option names, which begins the message where there is none. */
async function openNamed<Part>(path: string, open: (path: string) => Promise<Part>, option: string): Promise<Part> {
  try {
    return await open(path);
  } catch (cause) {
    if (!(cause instanceof ProCacheError) || cause.message.includes(option)) throw cause;
    throw new ProCacheError(cause.code, `${option}: ${cause.message}`, { cause });
  }
}

/** Refuses what cannot be a part, which a program without types may pass. */
function checkPart(part: object, method: 'decode' | 'encode', option: string): void {
  const own = part as Readonly<Record<string, unknown>>;
  if (typeof own[method] === 'function' && typeof own['dispose'] === 'function') return;
  refuse(option, `it has no methods ${method} and dispose; pass a path, or what has them`, 'invalid-input');
}

const NO_USE: Readonly<Record<keyof CompanionPlaces, string>> = {
  decoder: 'the model draws pixels, which need none; leave it out',
  encoder: 'the model draws classes, which nobody has to read; leave it out',
  tokenizer: 'the model draws classes, which nobody has to read; leave it out',
};

/** The part, or what it does not work without, where that is not beside the model. */
function missingPart({ part, beside, hasTokenizer }: Wanted<object>): keyof CompanionPlaces | undefined {
  const lacks = (each: PartName): boolean => beside.missing.some((missing) => missing.part === each);
  if (lacks(part)) return part;
  return part === 'encoder' && !hasTokenizer && lacks('tokenizer') ? 'tokenizer' : undefined;
}

function decoderFor({ latent, valueRange }: TransformerModel, threads: number | undefined): Opening<NodeDecoder> {
  if (valueRange !== undefined) return undefined;
  const { height, width, channels } = latent;
  return async (path) => {
    const decoder = await openDecoder(path, { latent: { height, width }, threads });
    const own = decoder.model.latentChannels;
    if (own === channels) return decoder;
    await decoder.dispose();
    throw new ProCacheError(
      'invalid-model',
      `${path}: the decoder takes latents of ${own} channels, but the model draws latents of ${channels}; ` +
        `take the autoencoder that the model was trained with`,
    );
  };
}

/** The tokenizer of what is named, or of what lies beside the model; that of a named encoder lies with it. */
function tokenizerFor({ encoder, tokenizer }: CompanionPlaces, beside: PartsBeside): string | undefined {
  return tokenizer ?? (encoder === undefined ? beside.places.tokenizer : undefined);
}

interface EncoderSettings {
  readonly threads: number | undefined;
  readonly mostTokens: number | undefined;
  readonly tokenizer: string | undefined;
  readonly spell: (part: CompanionOption) => string;
}

function encoderFor({ takes }: TransformerModel, settings: EncoderSettings): Opening<PromptEncoder> {
  if (takes.kind !== 'texts') {
    const { mostTokens, spell } = settings;
    return mostTokens === undefined ? undefined : refuse(spell('mostTokens'), NO_USE.encoder, 'invalid-input');
  }
  const { tokens, width } = takes;
  const { threads, tokenizer, mostTokens = tokens, spell } = settings;
  integerOf({ value: mostTokens, place: spell('mostTokens'), code: 'invalid-input' }, 1, tokens);
  return async (path) => {
    const encoder = await openEncoder({ encoder: path, tokenizer }, { tokens: mostTokens, width, threads });
    return mostTokens === tokens ? encoder : paddedEncoder(encoder, takes);
  };
}
