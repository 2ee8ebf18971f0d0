import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { fixture } from '@procache/conformance';
import { describe, expect, it } from 'vitest';
import { procache } from './spawn-procache.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const tiny = ['--model', fixture('cases/11-sharded-variants/fp16')];

describe('procache bench', () => {
  it('measures time, arithmetic and memory, and says with how many threads', async () => {
    const { code, stdout, stderr } = await procache(['bench', ...tiny, '--steps', '4', '--images', '2', '--rounds', '1', '--schedules', 'fora-2', '--json']);
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout) as Record<string, unknown>;
    expect(result).toMatchObject({ steps: 4, images: 2, threads: availableParallelism(), contestants: [{ name: 'uncached', multiplyAddRatio: 1 }, { name: 'fora-2' }] });
    for (const { peakBytes, milliseconds } of result['contestants'] as { peakBytes: number; milliseconds: number }[]) {
      expect(peakBytes).toBeGreaterThan(3e7);
      expect(milliseconds).toBeGreaterThan(0);
    }
  });

  it.skipIf(process.platform === 'win32')('that is stopped while another process measures memory stops that one, and waits for it', async () => {
    const words = ['bench', ...tiny, '--steps', '200', '--images', '64', '--rounds', '1', '--no-plain', '--schedules', 'uncached'];
    const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
    while (!stderr.includes('round 1 of 1: uncached') && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 800)); // into the other process
    child.kill('SIGTERM');
    // 'close' comes when nobody holds standard error any longer, a child included.
    expect(await ended).toEqual({ code: 143, signal: null });
    expect(stderr).toMatch(/procache: interrupted; no file was written\n$/);
    expect(stderr.match(/interrupted/g)).toHaveLength(1);
  });
});
