import type { Decoder, PromptEncoder } from '@procache/core';
import { missingText, type TransformerModel } from '@procache/model';
import type { Lacking } from '@procache/pipeline';
import { openEncoder } from './open-encoder.ts';
import { partsBeside } from './parts-beside.ts';

/** What of a model's companions is to be taken from elsewhere than from beside it. */
export interface CompanionPlaces {
  /** What reads texts: a text encoder, or a table of words. */
  readonly encoder?: string | undefined;
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
 * they are needed.
 *
 * @throws {ProCacheError} `invalid-model` for what is there and does not fit, with the file and the way out.
 */
export async function openCompanions(
  path: string,
  model: TransformerModel,
  places: CompanionPlaces = {},
): Promise<Companions> {
  const beside = await partsBeside(path, model);
  const { takes } = model;
  const encoderPlace = places.encoder ?? beside.places.encoder;
  const encoder =
    takes.kind === 'texts' && encoderPlace !== undefined
      ? await openEncoder({ encoder: encoderPlace }, { tokens: takes.tokens, width: takes.width })
      : undefined;
  const lacking = { decoder: missingText(beside, 'decoder'), encoder: missingText(beside, 'encoder') };
  return { decoder: undefined, encoder, lacking };
}
