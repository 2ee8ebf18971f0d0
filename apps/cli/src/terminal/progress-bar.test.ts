import { describe, expect, test } from 'vitest';
import { terminalOf } from '../terminal.ts';
import { openProgressBar } from './progress-bar.ts';

function terminal(columns = 80): {
  readonly isTTY: true;
  readonly columns: number;
  readonly written: string[];
  write(text: string): void;
} {
  const written: string[] = [];
  return { isTTY: true, columns, written, write: (text) => void written.push(text) };
}
/** The text of a drawing without its control sequences. */
const shown = (text: string | undefined): string => (text ?? '').replace('\r', '').replace('\x1b[K', '');

describe('openProgressBar', () => {
  test('shows the step, its letter, and the time left by letter', () => {
    const stream = terminal();
    let time = 0;
    const bar = openProgressBar('#.#.', { terminal: terminalOf(stream, {}), now: () => time, label: 'generate' });
    expect(shown(stream.written[0])).toBe(`generate [>${' '.repeat(39)}]  0/4  #  0:00, -:-- left`);
    time = 10_000;
    bar.update(1);
    time = 11_000;
    bar.update(2);
    expect(shown(stream.written.at(-1))).toBe(
      `generate [${'='.repeat(20)}>${' '.repeat(19)}]  2/4  #  0:11, 0:11 left`,
    );
    time = 22_000;
    bar.update(4);
    bar.finish();
    expect(shown(stream.written.at(-2))).toBe(`generate [${'='.repeat(40)}]  4/4     0:22`);
    expect(stream.written.at(-1)).toBe('\n');
  });

  test('writes nothing where there is no terminal', () => {
    const written: string[] = [];
    const bar = openProgressBar('##', {
      terminal: terminalOf({ write: (text) => written.push(text) }, {}),
      now: () => 0,
    });
    bar.update(1);
    bar.clear();
    bar.finish();
    expect(written).toEqual([]);
  });

  test('draws at most once an interval', () => {
    const stream = terminal();
    let time = 0;
    const bar = openProgressBar('#'.repeat(100), { terminal: terminalOf(stream, {}), now: () => time, interval: 100 });
    for (let step = 1; step <= 100; step++) {
      time += 10;
      bar.update(step);
    }
    expect(stream.written.length).toBe(1 + 10);
  });

  test.each([20, 30, 40, 80, 200])('fits %d columns', (columns) => {
    const stream = terminal(columns);
    let time = 0;
    const bar = openProgressBar('#'.repeat(250), {
      terminal: terminalOf(stream, {}),
      now: () => time,
      label: 'generate',
    });
    time = 5_000_000;
    bar.update(120);
    for (const text of stream.written) expect(shown(text).length).toBeLessThan(columns);
    bar.clear();
    expect(stream.written.at(-1)).toBe('\r\x1b[K');
  });
});
