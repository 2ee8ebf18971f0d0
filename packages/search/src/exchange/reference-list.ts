import { modulesOf, parseSchedule, roleOf, type Schedule, type Topology } from '@procache/core';
import { checkOptions, refuse, shown } from '@procache/core/untrusted';
import { alphabetOf, scheduleFor, type SelectiveVariant } from '../space/alphabet.ts';
import { checkLength, listEntries } from './lists.ts';

/**
 * At which end a list begins. The reference's lists are written for `49 - current['step']` in one file and for the
 * reverse in another, so whoever reads one has to say.
 */
export type Direction = 'noisiest-first' | 'cleanest-first';

export interface ReferenceListOptions {
  readonly topology: Topology;
  readonly direction: Direction;
  /**
   * What a 2 does; by default what the paper says: 30 % of the tokens, in the deepest quarter of the blocks, but for
   * self-attention.
   */
  readonly selective?: SelectiveVariant;
}

const LETTERS = ['.', '#', '+'] as const;

/**
 * The schedule of a list of 0 (reuse), 1 (compute) and 2 (selective), as ProCache's code writes it in `cal_type.py`.
 *
 * @throws {ProCacheError} `invalid-schedule` with the place in the list.
 */
export function fromReferenceList(list: string | readonly number[], options: ReferenceListOptions): Schedule {
  checkOptions('fromReferenceList', options, { topology: true, direction: true, selective: true });
  const { topology, direction, selective = paperSelective(topology) } = options;
  const numbers: unknown = typeof list === 'string' ? listEntries(list, 'list') : list;
  if (!Array.isArray(numbers)) return refuse('list', `${shown(numbers)} is not a list of 0, 1 and 2`);
  if (numbers.length === 0) refuse('list', 'is empty; give one number per step');
  checkLength(numbers.length, 'list');
  const letters = numbers.map((number: unknown, i) => {
    const letter = typeof number === 'number' ? LETTERS[number] : undefined;
    return letter ?? refuse(`list[${i}]`, `${shown(number)} is neither 0 (reuse), 1 (compute) nor 2 (selective)`);
  });
  const ordered = direction === 'noisiest-first' ? letters : letters.toReversed();
  if (ordered[0] !== '#') {
    const first = direction === 'noisiest-first' ? 0 : letters.length - 1;
    refuse(
      `list[${first}]`,
      `is the first step taken and not computed, where there is nothing to reuse; ` +
        `put a 1 there, or read the list in the other direction`,
    );
  }
  const alphabet = alphabetOf({
    reuse: [{}],
    selective: [selective],
    selector: { score: 'value-norm', age: 0, bonus: 0, paired: false },
  });
  return { ...scheduleFor(ordered.join(''), alphabet), notes: { source: 'list of 0, 1 and 2', direction } };
}

/** A schedule as a list of 0, 1 and 2: a step that refreshes any token is a 2. Ratios and forecasts are lost. */
export function toReferenceList(schedule: Schedule, direction: Direction): readonly (0 | 1 | 2)[] {
  const { pattern, legend } = parseSchedule(schedule);
  const list = Array.from(pattern, (letter, step) => {
    if (letter === '#') return 1;
    const rules = legend[letter] ?? [];
    if (rules.some((rule) => rule.do === 'compute'))
      refuse(
        `schedule.pattern[${step}]`,
        `'${letter}' computes some branches whole, which a list cannot say; export it for ECAD`,
      );
    return rules.some((rule) => rule.do === 'refresh') ? 2 : 0;
  });
  return direction === 'noisiest-first' ? list : list.reverse();
}

function paperSelective(topology: Topology): SelectiveVariant {
  const depth = topology.blocks.length;
  return {
    ratio: 0.3,
    blocks: [Math.floor(0.75 * depth), depth - 1],
    modules: modulesOf(topology).filter((module) => roleOf(topology, module) !== 'self'),
  };
}
