import { checkStepOps } from '../plan/operations-check.ts';
import type { StepPlan } from '../plan/plan.ts';
import type { Denoiser } from '../sampling/denoiser.ts';
import {
  elementsOf,
  integerOf,
  listOf,
  nameOf,
  numberOf,
  objectOf,
  type Placed,
  textOf,
} from '../untrusted/json-reader.ts';
import type { EvaluatedStep } from './with-denoiser.ts';

/** What a step did with the model: evaluate all of it, some of it, or none of it. */
export type StepKind = 'computed' | 'selective' | 'reused';

/** What is known about one step that was taken. */
export interface StepRecord {
  readonly step: number;
  /** The letter of the schedule; without one the letter that its kind mostly has. */
  readonly letter: string;
  readonly kind: StepKind;
  readonly milliseconds: number;
  /** Tokens computed by selective refreshes, over all branches and images. */
  readonly tokens: number;
}

/** Collects what a generation does, step by step. */
export interface StepRecorder {
  /** What has been recorded, in the order in which it was. */
  readonly records: readonly StepRecord[];
  /** To be passed to `withDenoiser`. */
  readonly onEvaluated: (event: EvaluatedStep) => void;
  /**
   * The same denoiser, timed.
   *
   * A denoiser that no plan leads needs `pattern` to tell its steps apart, as `cachedOutput` does;
   * without one they all count as computed.
   */
  timed(denoise: Denoiser, pattern?: string): Denoiser;
}

/**
 * Records the steps of a generation. `now` reads a clock in milliseconds, as `performance.now` does.
 *
 * A step takes from the call of the denoiser until its output is there; what the sampler does in
 * between is not in it. A step that fails is not recorded.
 */
export function recordSteps(now: () => number): StepRecorder {
  const records: StepRecord[] = [];
  let evaluated: EvaluatedStep | undefined;
  return {
    records,
    onEvaluated: (event) => (evaluated = event),
    timed: (denoise, pattern) => async (latent, step) => {
      evaluated = undefined;
      const start = now();
      const output = await denoise(latent, step);
      records.push(recordOf(step, now() - start, evaluated, pattern?.[step]));
      return output;
    },
  };
}

function recordOf(
  step: number,
  milliseconds: number,
  evaluated: EvaluatedStep | undefined,
  named: string | undefined,
): StepRecord {
  const kind = evaluated ? kindOf(evaluated.plan) : named === '.' ? 'reused' : 'computed';
  const letter = named ?? evaluated?.letter ?? LETTERS[kind];
  const tokens = [...(evaluated?.tokens.values() ?? [])].reduce((sum, { indices }) => sum + indices.length, 0);
  return { step, letter, kind, milliseconds, tokens };
}

const LETTERS: Readonly<Record<StepKind, string>> = { computed: '#', selective: '+', reused: '.' };

/** The kind of a planned step: computed where it runs blocks and reuses nothing, reused where it evaluates nothing. */
export function kindOf(step: StepPlan): StepKind {
  checkStepOps(step);
  const { ops } = step;
  if (ops.every(({ op }) => op === 'run' || op === 'store')) return 'computed';
  return ops.every(({ op }) => op === 'fold' || op === 'store') ? 'reused' : 'selective';
}

/** The steps of one letter. */
export interface LetterSummary {
  readonly steps: number;
  /** Of the steps, each; the mean of the middle two where their number is even. */
  readonly medianMilliseconds: number;
}

/** A generation at a glance. */
export interface StepSummary {
  /** One letter per step, in the order in which they were taken. */
  readonly timeline: string;
  /** All steps together. */
  readonly milliseconds: number;
  /** By letter. */
  readonly letters: Readonly<Record<string, LetterSummary>>;
  /** How many steps there are of each kind. */
  readonly computed: number;
  readonly selective: number;
  readonly reused: number;
  /** Tokens computed by selective refreshes, over all steps, branches and images. */
  readonly tokens: number;
}

/** Sums up the steps of one generation. */
export function summarise(records: readonly StepRecord[]): StepSummary {
  listOf({ value: records, place: 'records', code: 'invalid-input' }).forEach(checkRecord);
  const count = (kind: StepKind) => records.filter((record) => record.kind === kind).length;
  const letters = [...new Set(records.map(({ letter }) => letter))].map((letter): [string, LetterSummary] => {
    const own = records.filter((record) => record.letter === letter);
    return [letter, { steps: own.length, medianMilliseconds: median(own.map(({ milliseconds }) => milliseconds)) }];
  });
  return {
    timeline: records.map(({ letter }) => letter).join(''),
    milliseconds: records.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
    letters: Object.fromEntries(letters),
    computed: count('computed'),
    selective: count('selective'),
    reused: count('reused'),
    tokens: records.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

function checkRecord({ value, place, code }: Placed): void {
  const { step, letter, kind, milliseconds, tokens } = objectOf({ value, place, code });
  integerOf({ value: step, place: `${place}.step`, code }, 0);
  textOf({ value: letter, place: `${place}.letter`, code });
  nameOf({ value: kind, place: `${place}.kind`, code }, ['computed', 'selective', 'reused']);
  numberOf({ value: milliseconds, place: `${place}.milliseconds`, code }, -Infinity, Infinity);
  integerOf({ value: tokens, place: `${place}.tokens`, code }, 0);
}

/**
 * The middle of some numbers, of which there is at least one; the mean of the middle two where their number is even.
 */
export function median(values: readonly number[]): number {
  for (const value of elementsOf({ value: values, place: 'values', code: 'invalid-input' }))
    numberOf(value, -Infinity, Infinity);
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)]!, sorted[Math.floor(sorted.length / 2)]!];
  return (low + high) / 2;
}
