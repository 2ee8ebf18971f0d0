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
  readonly embeddings?: string;
  readonly threads?: number;
}

export function addCompanionOptions(command: Command): Command {
  return addEncoderOptions(command)
    .option('--embeddings <file>', 'texts that were read before, instead of what reads them: see procache embed')
    .option('--vae <path>', 'what makes pictures of latents, a file or a folder (default: what lies beside the model)');
}

/** Those of what reads texts. */
export function addEncoderOptions(command: Command): Command {
  return command
    .option('--text-encoder <path>', 'what reads texts, a file or a folder (default: what lies beside the model)')
    .option('--tokenizer <path>', 'the tokenizer of a T5 (default: likewise)')
    .option(
      '--max-sequence-length <n>',
      'tokens of a text that are read (default: what the model takes)',
      wholeNumber(1),
    );
}

/** How an option that names a companion is written. */
const SPELT = {
  decoder: '--vae',
  encoder: '--text-encoder',
  tokenizer: '--tokenizer',
  mostTokens: '--max-sequence-length',
} as const;

/** What stands beside a model; opened so far that it is known to be there, and to fit. */
export interface Companions extends Pick<Beside, 'encoder' | 'lacking' | 'broken'> {
  /** Makes pictures of latents, of the size that is asked for; nothing where none is there. */
  readonly decoder: Decoder | undefined;
  /** Shows single steps, where the decoder takes too long for that. */
  readonly preview: Decoder | undefined;
  close(): Promise<void>;
}

/** Opens what stands beside a model. The caller closes it. */
export async function openCompanions(flags: CompanionFlags, chosen: ChosenModel): Promise<Companions> {
  const { vae, textEncoder, tokenizer, maxSequenceLength: mostTokens, embeddings, threads } = flags;
  checkUnread(flags);
  const named = { decoder: vae, encoder: embeddings ?? textEncoder, tokenizer };
  const spelt = embeddings === undefined ? SPELT : { ...SPELT, encoder: '--embeddings' };
  const options = { threads, mostTokens, spell: (part: keyof typeof SPELT) => spelt[part] };
  const { encoder, lacking, broken, ...beside } = await openBeside(chosen.path, chosen.model, named, options);
  const found = beside.decoder ?? pixelDecoder(chosen.model);
  const sizedOf = (each: Decoder | undefined) => (each && chosen.size ? resizedDecoder(each, chosen.size) : each);
  const sized = sizedOf(found);
  const decoder = sized && rememberingDecoder(sized);
  const preview = sizedOf(beside.preview) ?? decoder;
  const close = async (): Promise<void> => {
    await Promise.all([decoder?.dispose(), beside.preview?.dispose(), encoder?.dispose()]);
  };
  return { encoder, lacking, broken, decoder, preview, close };
}

/** Refuses what says how texts are read where they have been. */
function checkUnread({ embeddings, textEncoder, tokenizer, maxSequenceLength }: CompanionFlags): void {
  const readers = {
    '--text-encoder': textEncoder,
    '--tokenizer': tokenizer,
    '--max-sequence-length': maxSequenceLength,
  };
  const [odd] = Object.entries(readers).find(([, value]) => value !== undefined) ?? [];
  if (embeddings === undefined || odd === undefined) return;
  throw new ProCacheError(
    'invalid-input',
    `${odd}: the texts of --embeddings have been read; leave one of the two out`,
  );
}
