import { openCompanions as openBeside, type Companions as Beside } from '@procache/backend-node';
import type { Decoder } from '@procache/core';
import { pixelDecoder, rememberingDecoder, resizedDecoder } from '@procache/pipeline';
import type { Command } from 'commander';
import type { ChosenModel } from './model-choice.ts';

/** The options that say what stands beside a model: what makes pictures of latents, and what reads texts. */
export interface CompanionFlags {
  readonly vae?: string;
  readonly textEncoder?: string;
  readonly threads?: number;
}

export function addCompanionOptions(command: Command): Command {
  return command
    .option('--vae <path>', 'what makes pictures of latents, a file or a folder (default: what lies beside the model)')
    .option('--text-encoder <path>', 'what reads texts, a file or a folder (default: likewise)');
}

/** How an option that names a companion is written. */
const SPELT = { decoder: '--vae', encoder: '--text-encoder' } as const;

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
  const { vae, textEncoder, threads } = flags;
  const named = { decoder: vae, encoder: textEncoder };
  const options = { threads, spell: (part: keyof typeof SPELT) => SPELT[part] };
  const { encoder, lacking, ...beside } = await openBeside(chosen.path, chosen.model, named, options);
  const found = beside.decoder ?? pixelDecoder(chosen.model);
  const sized = found && chosen.size ? resizedDecoder(found, chosen.size) : found;
  const decoder = sized && rememberingDecoder(sized);
  const close = async (): Promise<void> => {
    await Promise.all([decoder?.dispose(), encoder?.dispose()]);
  };
  return { encoder, lacking, decoder, preview: decoder, close };
}
