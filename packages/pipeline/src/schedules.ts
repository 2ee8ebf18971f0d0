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
  type Spelling,
} from '@procache/core';
import { isJsonObject, shownName } from '@procache/core/untrusted';
import { defaultsOf, type KnownModel } from './known-model.ts';
import { asRequested, type OptionName, spelled } from './spelling.ts';

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
   * A method (`"fora-3"`), the name of a schedule that is kept somewhere (`"searched-17"`, `"./mine.json"`), a
   * schedule, or the plan of one; `"uncached"` unless given.
   */
  readonly schedule?: string | Schedule | Plan | undefined;
}

/** Where schedules are kept that are called by a name. */
export interface ScheduleShelf {
  /** The names of those that ship with the model. */
  readonly names: readonly string[];
  /**
   * The schedule of such a name, or of a path; nothing for a name that is neither. `place` begins the messages about
   * what is wrong with it.
   */
  read(name: string, place: string): Promise<Schedule | undefined>;
}

export interface ScheduleContext {
  readonly shelf?: ScheduleShelf | undefined;
  readonly spell?: Spelling<OptionName> | undefined;
  /** What messages name the schedule by, if by any; `schedule` unless given. */
  readonly option?: string | undefined;
}

/**
 * The plan that is asked for.
 *
 * @throws {ProCacheError} `invalid-input` for a name that there is not, and for options that would change nothing;
 * `invalid-schedule` for what does not fit the model.
 */
export async function chosenPlan(asked: AskedSchedule, known: KnownModel, shelf?: ScheduleShelf): Promise<Plan> {
  const { schedule = 'uncached' } = asked;
  const { topology } = known.model;
  if (typeof schedule === 'string')
    return checkSchedule(await findSchedule(schedule, asked, known, { shelf, option: 'schedule' }), topology);
  const plan = isPlan(schedule) ? schedule : checkSchedule(schedule, topology);
  checkMade(asked, { name: 'that is given', steps: plan.steps.length });
  return plan;
}

function isPlan(schedule: Schedule | Plan): schedule is Plan {
  return isJsonObject(schedule) && 'steps' in schedule;
}

/**
 * The schedule of a name: one that is kept somewhere, or a method's.
 *
 * @throws {ProCacheError} as `chosenPlan`; whether it fits the model is not looked at.
 */
export async function findSchedule(
  name: string,
  asked: AskedMethod,
  known: KnownModel,
  { shelf, spell = asRequested, option }: ScheduleContext,
): Promise<Schedule> {
  const place = [option, shownName(name)].filter((part) => part !== undefined).join(' ');
  const kept = await shelf?.read(name, place);
  if (kept) {
    checkMade(asked, { name, steps: kept.pattern.length }, spell);
    return kept;
  }
  if (isMethod(name)) return methodSchedule(name, asked, known, { place, spell });
  const problem = unknownSchedule(name, known.name, shelf);
  throw new ProCacheError('invalid-input', option === undefined ? problem : `${option}: ${problem}`);
}

/** The schedule of a method. `place` begins the messages that are not about one of its options. */
function methodSchedule(
  name: string,
  { steps, pattern, ratio }: AskedMethod,
  known: KnownModel,
  { place, spell }: { readonly place: string; readonly spell: Spelling<OptionName> },
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

/** Refuses options that are of methods where there is a schedule already, and another number of steps than it has. */
function checkMade(
  asked: AskedMethod,
  schedule: { readonly name: string; readonly steps: number },
  spell: Spelling<OptionName> = asRequested,
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

/** What is wrong with a name, and what there is instead: what ships with the model, and methods, nearest first. */
function unknownSchedule(asked: string, model: string, shelf: ScheduleShelf | undefined): string {
  const bare = (text: string): string => text.slice(0, 80).replace(/<\w+>|\d+/g, '0');
  const sorted = (names: readonly string[]): string => {
    const order = nearest(bare(asked), names.map(bare));
    return [...names].sort((a, b) => order.indexOf(bare(a)) - order.indexOf(bare(b))).join(', ');
  };
  const ships = shelf?.names.length
    ? `with ${model} ship ${sorted(shelf.names)}`
    : `none ships with ${shownName(model)}`;
  const file = shelf ? '; a file is named by its path (./mine.json)' : '';
  return `there is no schedule '${shownName(asked)}'; ${ships}; methods are ${sorted(METHOD_NAMES)}${file}`;
}
