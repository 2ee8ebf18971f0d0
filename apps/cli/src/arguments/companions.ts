import type { Decoder, PromptEncoder } from '@procache/core';
import { pixelDecoder } from '@procache/pipeline';
import type { FileIdentity } from '@procache/backend-node';
import type { Command } from 'commander';
import type { ChosenModel } from './model-choice.ts';

/** The options that say what stands beside a model: what makes pictures of latents, and what reads texts. */
export interface CompanionFlags {
  readonly vae?: string;
  readonly textEncoder?: string;
  readonly tokenizer?: string;
  readonly embeddings?: string;
  readonly maxSequenceLength?: number;
}

export function addCompanionOptions(command: Command): Command {
  return command;
}

/** What stands beside a model; opened so far that it is known to be there, and to fit. */
export interface Companions {
  /** Nothing where latents cannot be made pictures of. */
  readonly decoder: Decoder | undefined;
  /** What makes small pictures on the way. */
  readonly preview: Decoder | undefined;
  readonly encoder: PromptEncoder | undefined;
  readonly files: readonly FileIdentity[];
  close(): Promise<void>;
}

export function openCompanions(_flags: CompanionFlags, chosen: ChosenModel): Promise<Companions> {
  const decoder = pixelDecoder(chosen.model);
  return Promise.resolve({ decoder, preview: decoder, encoder: undefined, files: [], close: () => Promise.resolve() });
}
