import { Worker } from 'node:worker_threads';
import { remoteTransformer } from '@procache/core/remote';
import { expect, it } from 'vitest';
import { workerPort } from './worker-transformer.ts';

it.each([
  ['ends itself', 'process.exit(3)', 'execution-failed', 'the worker thread ended with code 3'],
  ['throws', "throw new Error('no disk')", 'execution-failed', 'the worker thread has died: no disk'],
  [
    'runs out of memory',
    'const all = []; for (;;) all.push(new Array(1e5).fill({}))',
    'out-of-memory',
    'the worker thread has died: Worker terminated due to reaching memory limit: JS heap out of memory',
  ],
])('a worker thread that %s rejects what waits for it, and says how it ended', async (_, deed, code, message) => {
  const script = `require('node:worker_threads').parentPort.on('message', () => { ${deed} })`;
  const worker = new Worker(script, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16 } });
  await expect(remoteTransformer(workerPort(worker))).rejects.toMatchObject({ code, message });
});
