import { type Decoder, ProCacheError, type PromptEncoder } from '@procache/core';
import { missingText, type PartName, type TransformerModel } from '@procache/model';
import type { Lacking } from '@procache/pipeline';
import { type NodeDecoder, openDecoder } from './open-decoder.ts';
import { openEncoder } from './open-encoder.ts';
import { type PartsBeside, partsBeside } from './parts-beside.ts';

/** What of a model's companions is not to be looked for beside it: what is open already, or its path. */
export interface CompanionPlaces {
  /** What makes images of latents; or a `vae` folder, or the file of an autoencoder. */
  readonly decoder?: Decoder | string | undefined;
  /** What reads texts; or a text encoder, or a table of words. */
  readonly encoder?: PromptEncoder | string | undefined;
}

export interface CompanionOptions {
  /** Threads that each computes with; by default one for each processor that this process may use. */
  readonly threads?: number | undefined;
  /** What messages call the option that names a part: `--vae`; by default the name of its place. */
  readonly spell?: ((part: keyof CompanionPlaces) => string) | undefined;
}

/** What stands beside a model, opened so far that it is known to be there and to fit. The caller disposes of it. */
export interface Companions {
  /** What makes images of latents, where the model draws those and there is one. */
  readonly decoder: Decoder | undefined;
  /** What reads texts, where the model takes them and there is one. */
  readonly encoder: PromptEncoder | undefined;
  /** Why one of them is not there, and the way out. */
  readonly lacking: Lacking;
}

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
  { threads, spell = (part) => `the option ${part}` }: CompanionOptions = {},
): Promise<Companions> {
  const beside = await partsBeside(path, model);
  const of = <Part extends object>(
    part: keyof CompanionPlaces,
    named: Part | string | undefined,
    open: Opening<Part>,
  ) => companion({ part, named, beside, open, option: spell(part) });
  const decoder = await of<Decoder>('decoder', places.decoder, decoderFor(model, threads));
  try {
    const encoder = await of<PromptEncoder>('encoder', places.encoder, encoderFor(model));
    const lacking = { decoder: decoder.lacking, encoder: encoder.lacking };
    return { decoder: decoder.opened, encoder: encoder.opened, lacking };
  } catch (cause) {
    if (typeof places.decoder !== 'object') await decoder.opened?.dispose();
    throw cause;
  }
}

/** Opens a part by its path; nothing where the model has no use for it. */
type Opening<Part> = ((path: string) => Promise<Part>) | undefined;

interface Wanted<Part> {
  readonly part: keyof CompanionPlaces;
  readonly named: Part | string | undefined;
  readonly beside: PartsBeside;
  readonly open: Opening<Part>;
  /** What names it. */
  readonly option: string;
}

interface Companion<Part> {
  readonly opened?: Part | undefined;
  readonly lacking?: string | undefined;
}

/** A part that is given, or opened where it is named, else beside the model; or why there is none. */
async function companion<Part extends object>(wanted: Wanted<Part>): Promise<Companion<Part>> {
  const { part, named, beside, open, option } = wanted;
  if (typeof named === 'object') return { opened: named };
  if (open === undefined) return {};
  if (named !== undefined) return { opened: await open(named) };
  const lacks = missingOf(part, beside);
  if (lacks !== undefined) return { lacking: `${lacks}, or name one with ${option}` };
  try {
    return { opened: await open(beside.places[part]!) };
  } catch (cause) {
    if (!(cause instanceof ProCacheError)) throw cause;
    return { lacking: `its ${part} cannot be opened: ${cause.message}, or name another with ${option}` };
  }
}

/** Why a part, or what it does not work without, is not beside a model. */
function missingOf(part: PartName, beside: PartsBeside): string | undefined {
  const own = missingText(beside, part);
  return own ?? (part === 'encoder' ? missingText(beside, 'tokenizer') : undefined);
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

function encoderFor({ takes }: TransformerModel): Opening<PromptEncoder> {
  if (takes.kind !== 'texts') return undefined;
  const { tokens, width } = takes;
  return (path) => openEncoder({ encoder: path }, { tokens, width });
}
