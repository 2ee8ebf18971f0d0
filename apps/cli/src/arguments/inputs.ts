import { isSchedulePath } from '@procache/backend-node';
import { checkApart } from '@procache/files';
import type { CompanionFlags } from './companions.ts';
import type { ConditionFlags } from './conditions.ts';
import type { ChosenModel } from './model-choice.ts';

/** The options of a command that name a file which it reads. */
export interface InputFlags extends Pick<CompanionFlags, 'vae' | 'textEncoder' | 'tokenizer' | 'embeddings'> {
  readonly config?: string | undefined;
  readonly prompts?: ConditionFlags['prompts'];
  readonly noise?: string | undefined;
  readonly schedule?: string | undefined;
}

/**
 * Refuses to write over what is read: any file of the model, and those that options name.
 *
 * @throws {ProCacheError} `invalid-input`, before anything is written.
 */
export async function checkOutputs(
  written: Readonly<Record<string, string | undefined>>,
  { files, around }: Pick<ChosenModel, 'files' | 'around'>,
  flags: InputFlags = {},
): Promise<void> {
  const named = {
    ...{ '--config': flags.config, '--noise': flags.noise, '--prompts': flags.prompts },
    ...{ '--embeddings': flags.embeddings, '--vae': flags.vae },
    ...{ '--text-encoder': flags.textEncoder, '--tokenizer': flags.tokenizer },
    '--schedule': flags.schedule !== undefined && isSchedulePath(flags.schedule) ? flags.schedule : undefined,
  };
  const read = Object.entries(named).flatMap(([option, path]) =>
    path === undefined ? [] : [[`the file of ${option}`, [{ path }]] as const],
  );
  await checkApart(written, { 'a file of the model': [...files, ...around], ...Object.fromEntries(read) });
}
