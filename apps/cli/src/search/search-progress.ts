import type { WorkMeter } from '@procache/search';
import { shareLine } from '@procache/text';
import type { Terminal } from '../terminal.ts';

/** The line in the terminal that shows where a search stands. */
export interface ProgressLine {
  /** Says what is going on: `17 computed: best 1.93e-5, 214 tried`. The time moves on by itself. */
  show(text: string): void;
  /** Removes the line, so that a message can take its place. */
  clear(): void;
}

const INTERVAL = 250;

/** Draws four times a second while there is something to say, and nothing where nobody reads along. */
export function openProgressLine(meter: WorkMeter, terminal: Terminal): ProgressLine {
  let shown: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    if (shown === undefined) return;
    const { share, elapsed, left } = meter;
    terminal.draw(shareLine({ text: shown, share, elapsed, left }, terminal.columns - 1));
  };
  return {
    show(text) {
      shown = text;
      if (!terminal.isTTY || timer) return;
      draw();
      timer = setInterval(draw, INTERVAL).unref();
    },
    clear() {
      if (!timer) return;
      clearInterval(timer);
      timer = undefined;
      terminal.erase();
    },
  };
}
