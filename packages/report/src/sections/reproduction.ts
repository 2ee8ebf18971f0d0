import { element, text } from '../markup.ts';
import type { Section } from '../page.ts';
import { facts } from '../table.ts';

/** What it takes to do a search again, and to use what it found. */
export interface Reproduction {
  /** Names and values: the command, the model, the seeds. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Files whose text is in the page, folded away. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

/** The facts as a list, and each file folded away below them. */
export function reproductionSection({ facts: entries, files }: Reproduction): Section {
  return {
    title: 'To do it again',
    words: [],
    content: [
      facts(entries),
      ...files.map(({ name, text: content }) =>
        element(
          'details',
          {},
          element('summary', {}, text(name)),
          element('pre', { tabindex: 0, role: 'group', 'aria-label': name }, element('code', {}, text(content))),
        ),
      ),
    ],
  };
}
