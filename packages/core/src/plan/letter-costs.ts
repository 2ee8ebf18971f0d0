import { costOf, type ModelCost } from './cost.ts';
import type { Plan } from './plan.ts';

/** What one letter of a plan's pattern costs at a step, for all images of a batch. */
export interface LetterCost {
  readonly letter: string;
  /** How many steps have it. */
  readonly steps: number;
  /** The mean over its steps, which may differ a little. */
  readonly multiplyAdds: number;
}

/** The costs of the letters in the order in which they first occur; none of a plan without a pattern. See `costOf`. */
export function letterCosts(plan: Plan, model: ModelCost, images: number): readonly LetterCost[] {
  const { steps } = costOf(plan, model, images);
  const letters = Array.from(plan.pattern ?? '');
  return [...new Set(letters)].map((letter) => {
    const own = steps.filter((_, step) => letters[step] === letter);
    return {
      letter,
      steps: own.length,
      multiplyAdds: own.reduce((sum, step) => sum + step.multiplyAdds, 0) / own.length,
    };
  });
}
