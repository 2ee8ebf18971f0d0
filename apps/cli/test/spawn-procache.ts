import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** The folder of the fixtures that the packages share. */
export const FIXTURES: string = fileURLToPath(new URL('../../../packages/conformance/fixtures', import.meta.url));

/** How a command line ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the start, or from the signal where one was sent. */
  readonly milliseconds: number;
}

export interface SpawnOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Sends this half a second after the output, standard or of errors, holds that. */
  readonly interrupt?: { readonly signal: 'SIGINT' | 'SIGTERM'; readonly after: string };
}

/** Runs the built command line in a process of its own. */
export function procache(words: readonly string[], { cwd, env, interrupt }: SpawnOptions = {}): Promise<Ended> {
  if (!existsSync(main))
    throw new Error(`${main} is not there; build first: npm test does, and so does pnpm run build`);
  return new Promise((resolve, reject) => {
    let started = performance.now();
    const child = spawn(process.execPath, [main, ...words], { cwd, env: { ...process.env, NO_COLOR: '', ...env } });
    let [stdout, stderr, sent] = ['', '', false];
    const look = (): void => {
      if (!interrupt || sent || !(stdout + stderr).includes(interrupt.after)) return;
      sent = true;
      setTimeout(() => {
        started = performance.now();
        child.kill(interrupt.signal);
      }, 500); // into the steps
    };
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
      look();
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
      look();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr, milliseconds: performance.now() - started }));
  });
}

/** A folder that is there for all tests of a file, and removed after them. */
export function temporaryFolder(): (...parts: string[]) => string {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'procache-cli-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return (...parts) => join(folder, ...parts);
}
