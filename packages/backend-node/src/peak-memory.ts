import { spawn } from 'node:child_process';
import { ProCacheError } from '@procache/core';

/** A program of Node whose memory is measured, and what to say where that fails. */
export interface MeasuredProgram {
  /** Its script and its arguments. It prints what `peakOfThisProcess` gives when it has done what is measured. */
  readonly words: readonly string[];
  /** What messages call it. */
  readonly name: string;
  /** The way out, at the end of them. */
  readonly advice: string;
  readonly signal: AbortSignal;
}

/**
 * The peak resident memory of a program in a process of its own, in bytes: the most that it ever held, loading
 * included.
 *
 * ONNX Runtime frees memory through malloc, which gives it back to the system
 * only beyond the trim threshold; the child's is fixed, so that peaks do not depend on malloc's history.
 *
 * When `signal` is aborted the process is asked to stop, and waited for.
 */
export async function peakMemory({ words, name, advice, signal }: MeasuredProgram): Promise<number> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, words, {
    env: { ...process.env, MALLOC_TRIM_THRESHOLD_: '131072' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<string | number | null>((resolve, reject) =>
    child.on('error', reject).on('close', (code, killedBy) => resolve(killedBy ?? code)),
  );
  const end = await ended.finally(() => signal.removeEventListener('abort', stop));
  signal.throwIfAborted();
  const peak = Number(stdout);
  if (end === 0 && peak > 0) return peak;
  const ending = typeof end === 'number' ? `code ${end}` : String(end);
  throw new ProCacheError(
    'execution-failed',
    `the process that measures the memory of ${name} ended with ${ending} (${stderr.trim()}); ${advice}`,
  );
}

/** What such a program prints at its end: the most memory that it ever held, in bytes. */
export function peakOfThisProcess(): number {
  return process.resourceUsage().maxRSS * 1024;
}
