import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { uniforms } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './spawn-procache.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const out = temporaryFolder();

/** Said in the names of the tests, so that moments that were bad can be had again. */
const seed = Number(process.env['SIGNALS_SEED'] ?? Date.now() % 2 ** 31);
const TIMES = 20;
const TIMES_TWICE = 10;

interface Stopped {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  /** From the last signal to the end. */
  readonly milliseconds: number;
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Runs a command line, and sends signals some milliseconds after its start and after one another. */
async function stopped(
  words: readonly string[],
  name: 'SIGINT' | 'SIGTERM',
  delays: readonly number[],
): Promise<Stopped> {
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const end = new Promise<Omit<Stopped, 'stderr' | 'milliseconds'>>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  );
  let sent = 0;
  for (const delay of delays) {
    if (delay > 0) await Promise.race([end, pause(delay)]);
    child.kill(name);
    sent = performance.now();
  }
  const ended = await end;
  return { ...ended, stderr, milliseconds: performance.now() - sent };
}

/** 160 images at a time make a step that takes most of a second. */
const LONG_STEPS = [
  'generate',
  '--labels',
  Array.from({ length: 80 }, (_, i) => i % 10).join(','),
  '--steps',
  '30',
  '--quiet',
  '--out',
  '',
];
const SEARCH = [
  'search',
  '--steps',
  '8',
  '--budget',
  '4',
  '--seeds',
  '32',
  '--workers',
  '2',
  '--no-report',
  '--quiet',
  '--out',
  '',
];
let folders = 0;
const commandAt = (i: number) => [...(i % 3 === 2 ? SEARCH : LONG_STEPS).slice(0, -1), out(String(folders++))];

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;
const random = uniforms(seed);
const nameAt = (i: number) => (i % 2 === 0 ? 'SIGINT' : 'SIGTERM');

describe(`a process that is asked to stop (seed ${seed})`, () => {
  it.each(Array.from({ length: TIMES }, (_, i) => [i, Math.round(random() * 3000)] as const))(
    '%i: ends after the step, with the code of the signal, %i ms after its start',
    async (i, moment) => {
      const name = nameAt(i);
      const { code, signal, stderr } = await stopped(commandAt(i), name, [moment]);
      // Before its own first line runs it ends as any program does.
      expect(stderr).toMatch(code === null ? /^$/ : /^procache: interrupted[^]*\n$/);
      expect([
        [CODES[name], null],
        [null, name],
      ]).toContainEqual([code, signal]);
      if (moment > 1500) expect(code).toBe(CODES[name]);
    },
  );

  it.each(
    Array.from(
      { length: TIMES_TWICE },
      (_, i) => [i, Math.round(500 + random() * 2500), Math.round(150 + random() * 500)] as const,
    ),
  )('%i: ends at once when it is asked again, %i ms after its start and %i after that', async (i, moment, later) => {
    const name = nameAt(i);
    const { code, signal, stderr, milliseconds } = await stopped(commandAt(i), name, [moment, later]);
    expect(stderr).toMatch(/^(procache: interrupted[^]*\n)?$/);
    expect([
      [CODES[name], null],
      [null, name],
    ]).toContainEqual([code, signal]);
    expect(milliseconds).toBeLessThan(1000);
  });

  it('takes two signals that come together for one, as npx sends them', async () => {
    const { code, stderr } = await stopped(commandAt(0), 'SIGINT', [2500, 0]);
    expect(code).toBe(130);
    expect(stderr).toContain('interrupted');
  });
});
