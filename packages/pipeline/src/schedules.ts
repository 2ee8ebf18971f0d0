import {
  byName,
  checkSchedule,
  isMethod,
  METHOD_NAMES,
  methodsTaking,
  nearest,
  type Plan,
  ProCacheError,
  type Schedule,
} from '@procache/core';
import { refuse, shownName } from '@procache/core/untrusted';
import { defaultsOf, type KnownModel } from './known-model.ts';
import { asRequested, spelled, type Spelling } from './spelling.ts';

/** What a method is asked for beside its name. */
export interface AskedMethod {
  /** How many steps to take; by default those of the pattern, else those that are advised, else 50. */
  readonly steps?: number | undefined;
  /** For `procache`: which steps compute (`#`) and which reuse (`.`). */
  readonly pattern?: string | undefined;
  /** For `procache`, `toca` and `duca`: the share of tokens that a refresh computes. */
  readonly ratio?: number | undefined;
}

/** What runs when. */
export interface AskedSchedule extends AskedMethod {
  /**
   * A method (`"fora-3"`), a schedule that ships with the model (`"searched-17"`), a schedule, or the plan of one;
   * `"uncached"` unless given.
   */
  readonly schedule?: string | Schedule | Plan | undefined;
}

export interface ScheduleContext {
  /** The schedules that ship with the model, by name. */
  readonly schedules?: Readonly<Record<string, Schedule>> | undefined;
  readonly spell?: Spelling | undefined;
}

/**
 * The plan that is asked for.
 *
 * @throws {ProCacheError} `invalid-input` for a name that is neither of the model nor a method's, and for options that
 * would change nothing; `invalid-schedule` for what does not fit the model.
 */
export function chosenPlan(
  asked: AskedSchedule,
  known: KnownModel,
  { schedules = {}, spell = asRequested }: ScheduleContext = {},
): Plan {
  const { schedule = 'uncached' } = asked;
  if (typeof schedule === 'string' && !Object.hasOwn(schedules, schedule)) {
    const place = `${spell('schedule')} ${shownName(schedule)}`;
    if (isMethod(schedule))
      return checkSchedule(methodSchedule(schedule, asked, known, { place, spell }), known.model.topology);
    return refuse(spell('schedule'), unknownSchedule(schedule, known.name, Object.keys(schedules)), 'invalid-input');
  }
  const name = typeof schedule === 'string' ? schedule : 'that is given';
  const made = typeof schedule === 'string' ? schedules[schedule]! : schedule;
  const plan = isPlan(made) ? made : checkSchedule(made, known.model.topology);
  checkMade(asked, { name, steps: plan.steps.length }, spell);
  return plan;
}

function isPlan(schedule: Schedule | Plan): schedule is Plan {
  return typeof schedule === 'object' && 'steps' in schedule;
}

/**
 * The schedule of a method. `place` begins the messages that are not about one of its options.
 *
 * @throws {ProCacheError} `invalid-input` for what the method refuses.
 */
export function methodSchedule(
  name: string,
  { steps, pattern, ratio }: AskedMethod,
  known: KnownModel,
  { place, spell = asRequested }: { readonly place: string; readonly spell?: Spelling | undefined },
): Schedule {
  const count = steps ?? (pattern ? pattern.length : defaultsOf(known).steps);
  const options = { ...(pattern !== undefined && { pattern }), ...(ratio !== undefined && { ratio }) };
  try {
    return byName(name, known.model.topology, count, options);
  } catch (cause) {
    if (!(cause instanceof ProCacheError)) throw cause;
    return spelled(spell, () => {
      if (/^(?:pattern|ratio|steps)\b/.test(cause.message)) throw cause;
      throw new ProCacheError(cause.code, `${place}: ${cause.message}`, { cause });
    });
  }
}

/**
 * Refuses options that are of methods where there is a schedule already, and another number of steps than it has.
 *
 * @throws {ProCacheError} `invalid-input`
 */
export function checkMade(
  asked: AskedMethod,
  schedule: { readonly name: string; readonly steps: number },
  spell: Spelling = asRequested,
): void {
  const name = shownName(schedule.name);
  for (const option of ['pattern', 'ratio'] as const) {
    if (asked[option] === undefined) continue;
    throw new ProCacheError(
      'invalid-input',
      `${spell(option)} belongs to the methods ${methodsTaking(option).join(', ')}, and ${name} is a ` +
        `schedule already; leave it out`,
    );
  }
  if (asked.steps === undefined || asked.steps === schedule.steps) return;
  throw new ProCacheError(
    'invalid-input',
    `${spell('steps')} ${asked.steps}: the schedule ${name} has ${schedule.steps} steps; ` +
      `leave this out, or make another of it with: procache schedule resample`,
  );
}

/** What is wrong with the name of a schedule, and what there is instead: what ships with the model, and methods. */
export function unknownSchedule(asked: string, model: string, shipped: readonly string[]): string {
  const bare = (text: string): string => text.slice(0, 80).replace(/<\w+>|\d+/g, '0');
  const sorted = (names: readonly string[]): string => {
    const order = nearest(bare(asked), names.map(bare));
    return [...names].sort((a, b) => order.indexOf(bare(a)) - order.indexOf(bare(b))).join(', ');
  };
  const ships = shipped.length > 0 ? `with ${model} ship ${sorted(shipped)}` : `none ships with ${shownName(model)}`;
  return `there is no schedule '${shownName(asked)}'; ${ships}; methods are ${sorted(METHOD_NAMES)}`;
}
