import { type StepRecord, summarise } from '@procache/core';
import { formatTable, milliseconds, percent, seconds, wrapText } from '@procache/text';
import { type Emphasis, indented, PLAIN } from './emphasis.ts';

/** A run at a glance, in lines of at most 80 columns: its letters, and what the steps of each took. */
export function runText(records: readonly StepRecord[], emphasis: Emphasis = PLAIN): string {
  const { timeline, letters, milliseconds: inModel } = summarise(records);
  const rows = Object.entries(letters).map(([letter, { steps, medianMilliseconds }]) => {
    const own = records.filter((record) => record.letter === letter);
    const total = own.reduce((sum, record) => sum + record.milliseconds, 0);
    const times = [milliseconds(medianMilliseconds), seconds(total), percent(total / inModel)];
    return [letter, own[0]!.kind, steps, ...times];
  });
  const table = formatTable(['letter', 'step', 'steps', 'median', 'together', 'share'], rows);
  const inLines = wrapText(timeline, 76).join('\n'); // it has no spaces to break at
  return [emphasis.strong(indented(inLines)), '', indented(table.trimEnd()), ''].join('\n');
}
