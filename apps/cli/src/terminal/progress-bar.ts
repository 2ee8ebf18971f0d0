import { type Pace, progressLine, remainingTime } from '@procache/text';
import type { Terminal } from '../terminal.ts';

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
  const pace = new Map<string, Pace>();
  let done = 0;
  let updated = started;
  let drawn = -Infinity;
  const draw = (): void => {
    drawn = now();
    const times = { elapsed: drawn - started, left: remainingTime(pattern.slice(done), pace) };
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
