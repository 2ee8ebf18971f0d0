import { Worker } from 'node:worker_threads';
import { ProCacheError, type Transformer } from '@procache/core';
import { type Port, remoteTransformer } from '@procache/core/remote';
import { messageOf } from '@procache/core/untrusted';
import type { TransformerOptions } from './options.ts';
import { settleTelemetry } from './telemetry.ts';

/** What a worker thread has to know to open the same model (`worker.ts`). */
export interface WorkerData {
  readonly path: string;
  readonly options: Pick<TransformerOptions, 'threads' | 'memory' | 'config' | 'latentSize' | 'unchangedSince'>;
}

/** A transformer that computes in a worker thread of its own. */
export async function workerTransformer(path: string, options: TransformerOptions): Promise<Transformer<unknown>> {
  const { threads, memory, config, latentSize, unchangedSince } = options;
  await settleTelemetry();
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { path, options: { threads, memory, config, latentSize, unchangedSince } } satisfies WorkerData,
    execArgv: [], // flags that the process was started with, such as loaders, are for the program's own files
  });
  try {
    const remote = await remoteTransformer(workerPort(worker));
    return {
      ...remote,
      async dispose() {
        try {
          await remote.dispose(); // which is answered last: ended in the middle of a run, it would end the process
        } finally {
          await worker.terminate();
        }
      },
    };
  } catch (cause) {
    await worker.terminate();
    throw cause;
  }
}

/** The port to a worker thread. An idle one does not keep the process alive; a question in flight does. */
export function workerPort(worker: Worker): Port {
  let waiting = 0;
  worker.unref();
  return {
    post(message) {
      worker.postMessage(message);
      if (waiting++ === 0) worker.ref();
    },
    onMessage(listener) {
      worker.on('message', (message: unknown) => {
        if (--waiting === 0) worker.unref();
        listener(message);
      });
    },
    onClosed(listener) {
      worker.on('error', (cause) => listener(deathOf(cause)));
      worker.on('messageerror', (cause) => listener(deathOf(cause)));
      worker.on('exit', (code) =>
        listener(new ProCacheError('execution-failed', `the worker thread ended with code ${code}`)),
      );
    },
  };
}

function deathOf(cause: unknown): ProCacheError {
  const exhausted = cause instanceof Error && 'code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return new ProCacheError(
    exhausted ? 'out-of-memory' : 'execution-failed',
    `the worker thread has died: ${messageOf(cause)}`,
    { cause },
  );
}
