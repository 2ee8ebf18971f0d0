import { ProCacheError } from '../errors.ts';
import type { Branch, BranchId } from '../topology.ts';
import { shown } from '../untrusted/printable.ts';
import { parseSchedule } from './schedule-json.ts';
import { type Policy, RESERVED_LETTERS, type Rule, type Schedule } from './schedule.ts';

/**
 * The policy that a schedule writes down.
 *
 * @throws {ProCacheError} `invalid-schedule` for a schedule that `parseSchedule` refuses. The policy itself throws it
 * for a branch about which the letter of the step says nothing.
 */
export function policyOf(schedule: Schedule): Policy {
  return policyOfParsed(parseSchedule(schedule));
}

/** The same for a schedule that has been parsed. */
export function policyOfParsed({ pattern, legend }: Schedule): Policy {
  const letters = new Map<string, LetterRules>();
  const rulesOf = (letter: string): LetterRules => {
    const known = letters.get(letter) ?? new LetterRules(legend[letter] ?? RESERVED_LETTERS[letter] ?? []);
    letters.set(letter, known);
    return known;
  };
  return (step, branch) => {
    const letter = pattern[step] ?? '';
    const rule = rulesOf(letter).ruleFor(branch);
    if (rule) return rule;
    throw new ProCacheError(
      'invalid-schedule',
      `step ${step} ('${letter}') says nothing about branch ${branch.id}; ` +
        `add a rule for it to schedule.legend[${shown(letter)}]`,
    );
  };
}

/** A rule, and the branches that it is for. */
interface Matcher {
  readonly rule: Rule;
  readonly first: number;
  readonly last: number;
  readonly modules: ReadonlySet<string> | undefined;
}

/** The rules of one letter. Each branch is matched once, however many steps have the letter. */
class LetterRules {
  readonly #matchers: readonly Matcher[];
  readonly #matched = new Map<BranchId, Rule | undefined>();

  constructor(rules: readonly Rule[]) {
    this.#matchers = rules.map((rule) => {
      const [first, last] = rule.blocks ?? (rule.do === 'reuse' ? rule.span : undefined) ?? [0, Infinity];
      return { rule, first, last, modules: rule.modules && new Set(rule.modules) };
    });
  }

  /** The last rule that matches a branch. */
  ruleFor({ id, block, module }: Branch): Rule | undefined {
    if (this.#matched.has(id)) return this.#matched.get(id);
    const found = this.#matchers.findLast(
      ({ first, last, modules }) => first <= block && block <= last && (modules?.has(module) ?? true),
    );
    this.#matched.set(id, found?.rule);
    return found?.rule;
  }
}
