// What a worker thread runs: it opens a transformer, and serves it to the thread that has started it.
import { parentPort, workerData } from 'node:worker_threads';
import { serveTransformer } from '@procache/core/remote';
import { openHere } from './open-here.ts';
import { telemetryIsSettled } from './telemetry.ts';
import type { WorkerData } from './worker-transformer.ts';

telemetryIsSettled(); // by the thread that has started this one
const { path, options } = workerData as WorkerData;
const port = parentPort!;
serveTransformer(
  {
    post: (message) => port.postMessage(message),
    onMessage: (listener) => void port.on('message', listener),
    onClosed: () => undefined, // the thread ends with the other one
  },
  openHere(path, options),
);
