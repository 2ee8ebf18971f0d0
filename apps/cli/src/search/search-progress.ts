import { shownScore } from '@procache/report';
import { type Campaign, type Doing, meanScore, type WorkMeter } from '@procache/search';
import { clock } from '@procache/text';
import type { Terminal } from '../terminal.ts';

/** The line in the terminal that shows where a search stands. */
export interface ProgressLine {
  /** Says what is going on: `17 computed: best 1.93e-5, 214 tried`. The time moves on by itself. */
  show(text: string): void;
  /** Removes the line, so that a message can take its place. */
  clear(): void;
}

const INTERVAL = 250;
const BAR = 16;

/** Draws four times a second while there is something to say, and nothing where nobody reads along. */
export function openProgressLine(meter: WorkMeter, terminal: Terminal): ProgressLine {
  let shown: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    if (shown !== undefined) terminal.draw(progressLine(shown, meter, terminal.columns - 1));
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

/** What a search is doing, in words. */
export function doingText(doing: Doing, { measures, seeds }: Campaign): string {
  switch (doing.doing) {
    case 'timing steps':
      return 'measuring what steps take';
    case 'recording':
      return 'recording uncached trajectories';
    case 'searching': {
      const { budget, best, tried } = doing;
      const score = best ? `best ${shownScore(meanScore(best.scores, measures[0].name))}, ` : '';
      return `${budget} computed: ${score}${tried} tried`;
    }
    case 'judging':
      return `judging on ${seeds.judge.length} fresh images`;
    case 'timing what was found':
    case 'timing what is judged':
      return doing.doing;
  }
}

/** `[====>     ]  text  1:02, 3:10 left`, cut to the width from the bar on. */
export function progressLine(
  text: string,
  { share, left, elapsed }: Pick<WorkMeter, 'share' | 'left' | 'elapsed'>,
  width: number,
): string {
  const times = `${clock(elapsed)}, ${left === undefined ? '-:--' : clock(left)} left`;
  const room = Math.min(BAR, width - text.length - times.length - '[]    '.length);
  if (room < 4) return `${text}  ${times}`.slice(0, Math.max(0, width));
  const filled = Math.round(room * share);
  const bar = ('='.repeat(filled) + (filled < room ? '>' : '')).slice(0, room).padEnd(room);
  return `[${bar}]  ${text}  ${times}`;
}
