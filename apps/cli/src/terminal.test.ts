import { describe, expect, test } from 'vitest';
import { type Terminal, terminalOf } from './terminal.ts';

function opened({ env = {}, ...stream }: { isTTY?: boolean; columns?: number; env?: Record<string, string> } = {}): {
  readonly terminal: Terminal;
  readonly written: string[];
} {
  const written: string[] = [];
  return { terminal: terminalOf({ ...stream, write: (text) => written.push(text) }, env), written };
}

describe('what is written', () => {
  test('has no sign left that a terminal obeys', () => {
    const { terminal, written } = opened({ isTTY: true, columns: 80 });
    terminal.write('\u001b]0;title\u0007\u001b[2J\rOK \u009b31m\u202e\n');
    expect(written.join('')).toBe('\\u{1b}]0;title\\u{7}\\u{1b}[2J\\u{d}OK \\u{9b}31m\\u{202e}\n');
  });

  test('keeps its own emphasis, and takes none from the text', () => {
    const { terminal, written } = opened({ isTTY: true, columns: 80 });
    const other = opened({ isTTY: true }).terminal.ink.alarm('x'); // marks of another process
    terminal.write(
      `${terminal.ink.strong('a\u001b[31mb')} ${terminal.ink.faint('c')} ${terminal.ink.alarm('d')} ${other}`,
    );
    expect(written.join('')).toBe(
      `\u001b[1ma\\u{1b}[31mb\u001b[22m \u001b[2mc\u001b[22m \u001b[31md\u001b[39m ${other}`,
    );
  });

  test.each([
    ['no terminal', {}],
    ['NO_COLOR', { isTTY: true, env: { NO_COLOR: '1' } }],
    ['a terminal that can do nothing', { isTTY: true, env: { TERM: 'dumb' } }],
  ])('is plain with %s', (_, options) => {
    const { terminal, written } = opened(options);
    terminal.write(terminal.ink.strong('a'));
    expect(written).toEqual(['a']);
  });

  test('stays the same JSON', () => {
    const { terminal, written } = opened();
    const value = { 'k\u009b': 'a\u001b[2J\u009b31m\u007f\u202eb\ufeff\ud800"\\', n: [1] };
    terminal.writeJson(JSON.stringify(value));
    expect(written.join('')).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(written.join(''))).toEqual(value);
  });
});

describe('the width', () => {
  test.each([
    [undefined, 80],
    [0, 80],
    [-3, 80],
    [NaN, 80],
    [Infinity, 80],
    [1, 20],
    [19, 20],
    [20, 20],
    [132, 132],
  ])('of %s columns is %i', (columns, width) => {
    expect(terminalOf({ columns, write: () => undefined }, {}).columns).toBe(width);
  });

  test('is asked for anew, as windows are resized', () => {
    const stream = { columns: 100, write: () => undefined };
    const terminal = terminalOf(stream, {});
    stream.columns = 40;
    expect(terminal.columns).toBe(40);
  });
});

describe('a line that is drawn', () => {
  test('is one line, and fits the terminal however narrow that is', () => {
    const { terminal, written } = opened({ isTTY: true, columns: 8 });
    terminal.draw('a\nb\u001b[1A long');
    terminal.erase();
    expect(written).toEqual(['\ra b\\u{1\u001b[K', '\r\u001b[K']);
  });

  test('is not drawn where nobody reads along', () => {
    const { terminal, written } = opened({ columns: 80 });
    terminal.draw('a');
    terminal.erase();
    expect(written).toEqual([]);
  });
});
