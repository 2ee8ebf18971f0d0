import { ProCacheError } from '@procache/core';
import { readRegularText } from '@procache/files';
import { type AskedConditions, type KnownModel, promptsIn, takenText } from '@procache/pipeline';
import type { Command } from 'commander';
import { MOST_IMAGES } from './values.ts';

/** The options that say what to draw; which of them, the model says. */
export interface ConditionFlags extends PromptFlags {
  readonly labels?: string | undefined;
}

/** Those of a model of texts. */
export interface PromptFlags {
  readonly prompt?: readonly string[] | undefined;
  readonly prompts?: string | undefined;
  readonly negativePrompt?: string | undefined;
}

export function addLabelOption(command: Command): Command {
  return command.option(
    '-l, --labels <list>',
    'class numbers or names, or all, such as 1,7 or "bag,ankle boot" (default: all classes where there are at ' +
      'most 10, else 0)',
  );
}

/** Gathers the values of an option that may be repeated. */
export function collected(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

const PROMPT =
  'of models that draw texts: what to draw; may be repeated (default: what the zoo advises, else one of our own)';

export function addPromptOptions(command: Command, prompt: string = PROMPT): Command {
  return command
    .option('-p, --prompt <text>', prompt, collected)
    .option('--prompts <file>', 'prompts in a file: one a line, without lines that begin with #, or a JSON list')
    .option('--negative-prompt <text>', 'what guidance leads away from (default: nothing in particular)');
}

/** The option of each kind, and what it gives. */
const KINDS = {
  classes: { option: '--labels', given: 'classes', not: 'texts' },
  texts: { option: '--prompt', given: 'texts', not: 'classes' },
} as const;

/** The option that says what a model is to draw. */
export function conditionOption({ model }: KnownModel): string {
  return KINDS[model.takes.kind].option;
}

/** Bytes of the longest file of prompts that is read. */
const LONGEST = 16 * 2 ** 20;

/** What is asked for, as the model takes it: classes that are listed, or texts; nothing where that is left to it. */
export async function askedConditions(
  { labels, prompt = [], prompts, negativePrompt }: ConditionFlags,
  known: KnownModel,
): Promise<AskedConditions | undefined> {
  const { kind } = known.model.takes;
  if (kind === 'classes') {
    const ofTexts = { '--prompt': prompt[0], '--prompts': prompts, '--negative-prompt': negativePrompt };
    refuseOther(ofTexts, known);
    return labels?.trim().toLowerCase() === 'all' ? 'all' : labels?.split(',');
  }
  refuseOther({ '--labels': labels }, known);
  if (prompts === undefined) return prompt.length > 0 ? prompt : undefined;
  const place = `--prompts ${prompts}`;
  const what = 'a text with a prompt a line';
  return [...prompt, ...promptsIn(await readRegularText(prompts, { most: LONGEST, place, what }), place)];
}

/** Refuses the options of the other kind. */
function refuseOther(given: Readonly<Record<string, unknown>>, { name, model: { takes } }: KnownModel): void {
  const odd = Object.entries(given).find(([, value]) => value !== undefined);
  if (!odd) return;
  const { option, given: draws, not } = KINDS[takes.kind];
  throw new ProCacheError(
    'invalid-input',
    `${odd[0]}: ${name} draws ${draws}, not ${not}; use ${option} instead: ${takenText(takes)}`,
  );
}

/** Refuses more images than fit a batch. */
export function checkBatch(images: number, known: KnownModel): void {
  if (images <= MOST_IMAGES) return;
  throw new ProCacheError(
    'invalid-input',
    `${conditionOption(known)}: these are ${images} images, and at most ${MOST_IMAGES} are drawn together; draw them ` +
      `one part after another`,
  );
}
