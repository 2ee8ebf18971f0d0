import { type Condition, ProCacheError } from '@procache/core';
import { conditionsOf, type KnownModel, takenText } from '@procache/pipeline';
import type { Command } from 'commander';
import { MOST_IMAGES } from './values.ts';

/** The options that say what to draw; which of them, the model says. */
export interface ConditionFlags {
  readonly labels?: string | undefined;
  readonly prompt?: string | undefined;
}

export function addConditionOptions(command: Command): Command {
  return command
    .option(
      '-l, --labels <list>',
      'class numbers or names, or all, such as 1,7 or "bag,ankle boot" (default: all classes where there are at ' +
        'most 10, else 0)',
    )
    .option('--prompt <text>', 'for models that take text; none does yet');
}

/** The option of each kind, and what it gives. */
const KINDS = {
  classes: { option: '--labels', given: 'classes', other: '--prompt' },
  texts: { option: '--prompt', given: 'texts', other: '--labels' },
} as const;

/** What to draw, as the model takes it: classes that are listed, or a text. */
export async function chooseConditions(flags: ConditionFlags, chosen: KnownModel): Promise<readonly Condition[]> {
  const { labels, prompt } = flags;
  const { takes } = chosen.model;
  const { option, given, other } = KINDS[takes.kind];
  if ((takes.kind === 'classes' ? prompt : labels) !== undefined) {
    const wrong = `${chosen.name} draws ${given}, not ${given === 'classes' ? 'texts' : 'classes'}`;
    throw new ProCacheError('invalid-input', `${other}: ${wrong}; use ${option} instead: ${takenText(takes)}`);
  }
  const listed = labels?.trim().toLowerCase() === 'all' ? 'all' : labels?.split(',');
  return conditionsOf(takes.kind === 'classes' ? listed : prompt === undefined ? prompt : [prompt], chosen, {
    place: option,
  });
}

/** The same for images that are drawn together, unless they are more than fit a batch. */
export async function chooseBatch(flags: ConditionFlags, chosen: KnownModel): Promise<readonly Condition[]> {
  const conditions = await chooseConditions(flags, chosen);
  if (conditions.length <= MOST_IMAGES) return conditions;
  throw new ProCacheError(
    'invalid-input',
    `${KINDS[chosen.model.takes.kind].option}: these are ${conditions.length} images, and at most ${MOST_IMAGES} are ` +
      `drawn together; draw them one part after another`,
  );
}
