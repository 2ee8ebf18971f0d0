import { wrapText } from '@procache/text';
import type { Screen } from './screen.ts';

const WIDTH = 80;
const LISTED = 10;

/** Fields of a model's config that nothing reads, in words. */
export function unreadText(fields: readonly string[]): string {
  const shown = fields.slice(0, LISTED).join(', ');
  return (
    `${shown}${fields.length > LISTED ? ` and ${fields.length - LISTED} more` : ''}: not fields that are known ` +
    `here`
  );
}

/** Warns before anything is drawn where the config says what nobody follows, since it may be about the arithmetic. */
export function noteUnread(screen: Screen, { unreadFields }: { readonly unreadFields: readonly string[] }): void {
  if (unreadFields.length === 0) return;
  const warning = `warning: ${unreadText(unreadFields)}, so they are not followed`;
  screen.note(wrapText(warning, WIDTH - 2).join('\n  '));
}
