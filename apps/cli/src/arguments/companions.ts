import { openCompanions as openBeside, type Companions as Beside } from '@procache/backend-node';
import { type Decoder, ProCacheError } from '@procache/core';
import { pixelDecoder, rememberingDecoder, resizedDecoder } from '@procache/pipeline';
import type { Command } from 'commander';
import type { ChosenModel } from './model-choice.ts';
import { wholeNumber } from './values.ts';

/** The options that say what stands beside a model: what makes pictures of latents, and what reads texts. */
export interface CompanionFlags {
  readonly vae?: string;
  readonly textEncoder?: string;
  readonly tokenizer?: string;
  readonly maxSequenceLength?: number;
  readonly threads?: number;
}

export function addCompanionOptions(command: Command): Command {
  return command
    .option('--vae <path>', 'what makes pictures of latents, a file or a folder (default: what lies beside the model)')
    .option('--text-encoder <path>', 'what reads texts, a file or a folder (default: likewise)')
    .option('--tokenizer <path>', 'the tokenizer of a T5 (default: likewise)')
    .option(
      '--max-sequence-length <n>',
      'tokens of a text that are read (default: what the model takes)',
      wholeNumber(1),
    );
}

/** How an option that names a companion is written. */
const SPELT = { decoder: '--vae', encoder: '--text-encoder', tokenizer: '--tokenizer' } as const;

/** What stands beside a model; opened so far that it is known to be there, and to fit. */
export interface Companions extends Pick<Beside, 'encoder' | 'lacking'> {
  /** Makes pictures of latents, of the size that is asked for; nothing where none is there. */
  readonly decoder: Decoder | undefined;
  /** Makes small pictures on the way. */
  readonly preview: Decoder | undefined;
  close(): Promise<void>;
}

/** Opens what stands beside a model. The caller closes it. */
export async function openCompanions(flags: CompanionFlags, chosen: ChosenModel): Promise<Companions> {
  const { vae, textEncoder, tokenizer, maxSequenceLength: mostTokens, threads } = flags;
  checkLength(mostTokens, chosen);
  const named = { decoder: vae, encoder: textEncoder, tokenizer };
  const options = { threads, mostTokens, spell: (part: keyof typeof SPELT) => SPELT[part] };
  const { encoder, lacking, ...beside } = await openBeside(chosen.path, chosen.model, named, options);
  const found = beside.decoder ?? pixelDecoder(chosen.model);
  const sized = found && chosen.size ? resizedDecoder(found, chosen.size) : found;
  const decoder = sized && rememberingDecoder(sized);
  const close = async (): Promise<void> => {
    await Promise.all([decoder?.dispose(), encoder?.dispose()]);
  };
  return { encoder, lacking, decoder, preview: decoder, close };
}

/** Refuses to read more tokens than the model takes. */
function checkLength(tokens: number | undefined, { name, model: { takes } }: ChosenModel): void {
  if (tokens === undefined || (takes.kind === 'texts' && tokens <= takes.tokens)) return;
  const most =
    takes.kind === 'texts' ? `takes texts of up to ${takes.tokens} tokens; use at most that` : 'draws classes';
  throw new ProCacheError('invalid-input', `--max-sequence-length ${tokens}: ${name} ${most}, or leave this out`);
}
