import { ProCacheError } from '@procache/core';
import { checkOptions, integerOf } from '@procache/core/untrusted';

/** The most steps that schedules are searched for: as many as most models are trained with. */
export const MAX_SEARCHED_STEPS = 1000;

/** The most additions that counting a space may take: some seconds. */
const MAX_COUNTING = 2e9;

/** The constraints of a space of patterns: those of ProCache (Eqs. 2-4), each of which may be relaxed. */
export interface PatternConstraints {
  readonly steps: number;
  /** How many steps are computed in full: all of the budget of Eq. 2. */
  readonly budget: number;
  /** How many reused steps may follow each computed one (Eq. 4), the last one included. */
  readonly reuse: readonly [least: number, most: number];
  /** `'falling'`, the default, is Eq. 3: no gap is longer than the one before it. `'any'` leaves it out. */
  readonly gaps?: 'falling' | 'any';
  /**
   * How many steps at the start are computed whatever `reuse` says; 1 unless given, as there is nothing to reuse at
   * step 0.
   */
  readonly first?: number;
  /** How many steps at the end are computed whatever `reuse` says; 0 unless given. */
  readonly last?: number;
}

/** Refuses constraints that no pattern meets. What is left then has at least one. */
export function checkConstraints(constraints: PatternConstraints): void {
  checkOptions('constraints', constraints, {
    steps: true,
    budget: true,
    reuse: true,
    gaps: true,
    first: true,
    last: true,
  });
  const { steps, budget, reuse, first = 1, last = 0 } = constraints;
  const [least, most] = reuse;
  checkInteger('steps', steps, 1, MAX_SEARCHED_STEPS);
  checkInteger('budget', budget, 1);
  checkInteger('first', first, 1);
  checkInteger('last', last, 0);
  checkInteger('reuse[0]', least, 0);
  checkInteger('reuse[1]', most, 0);
  if (least > most)
    infeasible(
      `reuse is [${least}, ${most}], and no gap has at least ${least} and at most ${most} steps; ` +
        `write [${most}, ${least}]`,
    );
  if (budget > steps)
    infeasible(`the budget is ${budget} computed steps, but there are only ${steps}; use 1 to ${steps}`);
  // where all steps are computed the two may overlap
  const together = budget === steps ? Math.max(first, last) : first - 1 + last;
  if (Math.max(first, together) > budget) {
    infeasible(
      `the first ${first} and the last ${last} steps are computed, more than a budget of ${budget}; ` +
        `use a larger budget, or force fewer`,
    );
  }
  checkLength(constraints, Math.min(first - 1 + last, budget));
  checkCounting(constraints);
}

/** Refuses spaces of falling gaps that are so long and so many that counting them would take minutes. */
function checkCounting({ steps, budget, reuse, gaps }: PatternConstraints): void {
  const lengths = Math.min(reuse[1], steps - budget) + 1;
  if (gaps === 'any' || steps * budget * lengths ** 2 <= MAX_COUNTING) return;
  infeasible(
    `falling gaps of up to ${lengths - 1} of ${steps} steps are more than can be counted; ` +
      `bound them lower, or take gaps of any order`,
  );
}

/** The free segments, each a computed step and its gap, must fill exactly the steps that are not forced. */
function checkLength({ steps, budget, reuse: [least, most] }: PatternConstraints, forced: number): void {
  const [free, length] = [budget - forced, steps - forced];
  if (free * (least + 1) <= length && length <= free * (most + 1)) return;
  const [low, high] = [Math.ceil(length / (most + 1)) + forced, Math.floor(length / (least + 1)) + forced];
  const budgets = low === high ? `a budget of ${low}` : `a budget of ${low} to ${high}`;
  const besides = forced > 0 ? ` besides ${forced} forced ones` : '';
  infeasible(
    `${free} computed steps${besides}, each followed by ${least} to ${most} reused ones, make ` +
      `${free * (least + 1)} to ${free * (most + 1)} steps, ` +
      `but there are ${length} to fill; use ${low <= high ? `${budgets}, or other bounds` : 'other bounds'}`,
  );
}

function infeasible(problem: string): never {
  throw new ProCacheError('infeasible-constraints', problem);
}

function checkInteger(name: string, value: number, least: number, most?: number): void {
  integerOf({ value, place: name, code: 'invalid-input' }, least, most);
}
