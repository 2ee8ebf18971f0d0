import { spawn } from 'node:child_process';
import { ProCacheError } from '@procache/core';

/**
 * The peak resident memory of one whole generation in a process of its own, in bytes.
 *
 * The process runs this command again with `--only`: what it reports is the most that it ever held,
 * loading included. ONNX Runtime frees memory through malloc, which gives it back to the system
 * only beyond the trim threshold; the child's is fixed, so that peaks do not depend on malloc's history.
 */
export async function peakMemory(name: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [process.argv[1]!, 'bench', ...args, '--only', name], {
    env: { ...process.env, MALLOC_TRIM_THRESHOLD_: '131072' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const peak = Number(Buffer.concat(chunks).toString());
  if (code === 0 && Number.isFinite(peak)) return peak;
  throw new ProCacheError('execution-failed', `the process that measures the memory of ${name} ended with code ${code}`);
}

/** What such a process says at its end: the most memory that it ever held, in bytes. */
export function peakOfThisProcess(): number {
  return process.resourceUsage().maxRSS * 1024;
}
