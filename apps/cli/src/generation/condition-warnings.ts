import { doubtOf, unreadTexts } from '@procache/pipeline';
import { checkCircumstances } from '@procache/search';
import { wrapText } from '@procache/text';
import type { Job } from './job.ts';

const WIDTH = 80;

/**
 * What a user should know before images are drawn, as where a schedule runs under other conditions than those it was
 * searched for; in lines of 80 letters.
 */
export function conditionWarnings({ chosen, companions, schedule, sampling }: Job): readonly string[] {
  const conditions = {
    model: chosen.fingerprint,
    sampler: sampling.sampler,
    steps: sampling.steps.count,
    guidance: sampling.conditioning.scale,
  };
  const doubt = sampling.conditioning.away === undefined ? undefined : doubtOf(chosen.model.takes);
  const { away, conditions: shown } = sampling.conditioning;
  const unread = unreadTexts([...shown, ...(away === undefined ? [] : [away])], companions.encoder);
  const warnings = [...checkCircumstances(schedule.schedule, conditions), ...(doubt === undefined ? [] : [doubt])];
  return [...warnings, ...unread].map(warningText);
}

/** A warning in lines of 80 letters. */
export function warningText(warning: string): string {
  return wrapText(`warning: ${warning}`, WIDTH - 2).join('\n  ');
}
