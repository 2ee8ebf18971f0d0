import type { Terminal } from '../terminal.ts';
import { clock } from '../units.ts';

/** A line in the terminal that shows how far sampling is. */
export interface ProgressBar {
  /** Tells the bar that `done` steps have finished. */
  update(done: number): void;
  /** Draws the bar a last time and moves on to the next line. */
  finish(): void;
  /** Removes the bar, so that a message can take its place. */
  clear(): void;
}

/** Where and how often the progress bar is drawn. */
export interface ProgressOptions {
  readonly terminal: Terminal;
  /** Milliseconds from any fixed point, such as `performance.now`. */
  readonly now: () => number;
  /** Stands before the bar. */
  readonly label?: string;
  /** The least time between two drawings, in milliseconds; 100 unless given. */
  readonly interval?: number;
}

/**
 * A progress bar for a schedule's pattern, a letter for each step: `generate [=====>    ]  18/50  +  0:07, 0:12 left`.
 *
 * The remaining time counts each letter at the mean time its steps took so far, since a reused step may take a
 * hundredth of a computed one. Where nobody reads along, nothing is ever written.
 */
export function openProgressBar(pattern: string, options: ProgressOptions): ProgressBar {
  const { terminal, now, label = '', interval = 100 } = options;
  const started = now();
  const pace = new Map<string, { steps: number; time: number }>();
  let done = 0;
  let updated = started;
  let drawn = -Infinity;
  const draw = (): void => {
    drawn = now();
    const times = { elapsed: drawn - started, left: remaining(pattern.slice(done), pace) };
    terminal.draw(progressLine({ label, pattern, done, ...times }, terminal.columns - 1));
  };
  draw();
  return {
    update(next) {
      const finished = pattern.slice(done, next);
      const each = (now() - updated) / Math.max(1, finished.length);
      for (const letter of finished) {
        const { steps, time } = pace.get(letter) ?? { steps: 0, time: 0 };
        pace.set(letter, { steps: steps + 1, time: time + each });
      }
      if (finished.length > 0) [done, updated] = [done + finished.length, now()];
      if (now() - drawn >= interval) draw();
    },
    finish() {
      draw();
      if (terminal.isTTY) terminal.write('\n');
    },
    clear: () => terminal.erase(),
  };
}

/** The expected time of the steps in `pattern`, in milliseconds; `undefined` before the first step is done. */
function remaining(pattern: string, pace: ReadonlyMap<string, { steps: number; time: number }>): number | undefined {
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

interface ProgressState {
  readonly label: string;
  readonly pattern: string;
  readonly done: number;
  readonly elapsed: number;
  readonly left: number | undefined;
}

function progressLine({ label, pattern, done, elapsed, left }: ProgressState, width: number): string {
  const steps = pattern.length;
  const count = `${done.toString().padStart(steps.toString().length)}/${steps}`;
  const rest = done >= steps ? '' : `, ${left === undefined ? '-:--' : clock(left)} left`;
  const tail = `${count}  ${pattern[done] ?? ' '}  ${clock(elapsed)}${rest}`;
  const head = label === '' ? '' : `${label} `;
  const reserved = count.length + '  #  0:00, 0:00 left'.length; // so that the bar keeps its length at the end
  const room = Math.min(40, width - head.length - Math.max(reserved, tail.length) - '[]  '.length);
  if (room < 5) return `${head}${tail}`.slice(0, Math.max(0, width));
  const filled = Math.round((room * done) / Math.max(1, steps));
  const bar = '='.repeat(filled) + (filled < room ? '>' : '');
  return `${head}[${bar.slice(0, room).padEnd(room)}]  ${tail}`;
}
