import { ProCacheError } from '@procache/core';
import { type Port, remoteTransformer } from '@procache/core/remote';
import { refuse } from '@procache/core/untrusted';
import { openSource } from './model-source.ts';
import type { ModelSource, TransformerOptions, WebTransformer } from './options.ts';
import type { Notice, WorkerTask } from './worker-task.ts';

/** A transformer that computes in a worker of its own. */
export async function workerTransformer(source: ModelSource, options: TransformerOptions): Promise<WebTransformer> {
  if (options.ort !== undefined)
    refuse(
      'ort',
      'a module cannot be handed to a worker; leave it out, or open the model with thread: "here"',
      'invalid-input',
    );
  const { provider = 'wasm', threads, wasmPaths, config, latentSize, onNotice } = options;
  const { model, loading } = await openSource(source, options);
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'procache' });
  const place =
    source instanceof URL || typeof source === 'string' ? absolute(source) : Array.isArray(source) ? source : undefined;
  if (place === undefined) {
    worker.terminate();
    return refuse(
      'thread',
      'a folder of your own cannot be handed to a worker; open it with thread: "here"',
      'invalid-input',
    );
  }
  const task: WorkerTask = { source: place, options: { provider, threads, wasmPaths, config, latentSize } };
  worker.postMessage(task);
  try {
    const remote = await remoteTransformer(portOf(worker, onNotice));
    loading?.ready();
    return {
      ...remote,
      model,
      async dispose() {
        try {
          await remote.dispose();
        } finally {
          worker.terminate();
        }
      },
    };
  } catch (cause) {
    worker.terminate();
    throw cause;
  }
}

function absolute(source: string | URL): string {
  return new URL(source, globalThis.location.href).href;
}

function portOf(worker: Worker, onNotice: TransformerOptions['onNotice']): Port {
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) =>
      worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (isNotice(data)) onNotice?.(data.notice);
        else listener(data);
      }),
    onClosed: (listener) => {
      worker.addEventListener('error', ({ message }) =>
        listener(new ProCacheError('execution-failed', `the worker has died: ${message || 'it could not be loaded'}`)),
      );
      worker.addEventListener('messageerror', () =>
        listener(new ProCacheError('execution-failed', 'a message of the worker could not be read')),
      );
    },
  };
}

function isNotice(data: unknown): data is Notice {
  return typeof data === 'object' && data !== null && 'notice' in data;
}
