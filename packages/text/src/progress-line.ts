import { clock } from './units.ts';

/** How long the steps of a letter have taken. */
export interface Pace {
  readonly steps: number;
  /** Of all of them together, in milliseconds. */
  readonly time: number;
}

/**
 * The expected time of the steps in `pattern`, in milliseconds; `undefined` before any step is done.
 *
 * Each letter counts at the mean time that its steps took, since a reused step may take a hundredth of a computed one;
 * one of which none is done yet at the mean of all.
 */
export function remainingTime(pattern: string, pace: ReadonlyMap<string, Pace>): number | undefined {
  const all = [...pace.values()].reduce(
    (sum, { steps, time }) => ({ steps: sum.steps + steps, time: sum.time + time }),
    { steps: 0, time: 0 },
  );
  if (all.steps === 0) return undefined;
  return Array.from(pattern, (letter) => pace.get(letter) ?? all).reduce(
    (sum, { steps, time }) => sum + time / steps,
    0,
  );
}

/** How far something is that takes the steps of a pattern. */
export interface ProgressState {
  /** Stands before the bar; may be empty. */
  readonly label: string;
  readonly pattern: string;
  /** How many steps are done. */
  readonly done: number;
  /** In milliseconds, as `left`. */
  readonly elapsed: number;
  readonly left: number | undefined;
}

/** How far something is whose share is known, and what it is doing. */
export interface ShareState {
  readonly text: string;
  /** What is done of the whole, 0 to 1. */
  readonly share: number;
  /** In milliseconds, as `left`. */
  readonly elapsed: number;
  readonly left: number | undefined;
}

const SHARE_BAR = 16;

/**
 * A line of at most `width` letters, with a bar in it if there is room:
 * `[====>     ]  17 computed: 214 tried  1:02, 3:10 left`.
 */
export function shareLine({ text, share, elapsed, left }: ShareState, width: number): string {
  const times = `${clock(elapsed)}, ${left === undefined ? '-:--' : clock(left)} left`;
  const room = Math.min(SHARE_BAR, width - text.length - times.length - '[]    '.length);
  if (room < 4) return `${text}  ${times}`.slice(0, Math.max(0, width));
  return `[${barOf(share, room)}]  ${text}  ${times}`;
}

function barOf(share: number, room: number): string {
  const filled = Math.round(room * share);
  const bar = '='.repeat(filled) + (filled < room ? '>' : '');
  return bar.slice(0, room).padEnd(room);
}

/**
 * A line of at most `width` letters, with a bar in it if there is room:
 * `generate [=====>    ]  18/50  +  0:07, 0:12 left`.
 */
export function progressLine({ label, pattern, done, elapsed, left }: ProgressState, width: number): string {
  const steps = pattern.length;
  const count = `${done.toString().padStart(steps.toString().length)}/${steps}`;
  const rest = done >= steps ? '' : `, ${left === undefined ? '-:--' : clock(left)} left`;
  const tail = `${count}  ${pattern[done] ?? ' '}  ${clock(elapsed)}${rest}`;
  const head = label === '' ? '' : `${label} `;
  const reserved = count.length + '  #  0:00, 0:00 left'.length; // so that the bar keeps its length at the end
  const room = Math.min(40, width - head.length - Math.max(reserved, tail.length) - '[]  '.length);
  if (room < 5) return `${head}${tail}`.slice(0, Math.max(0, width));
  return `${head}[${barOf(done / Math.max(1, steps), room)}]  ${tail}`;
}
