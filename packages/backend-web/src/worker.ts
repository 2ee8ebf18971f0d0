// What a worker runs: it opens a transformer, and serves it to the page that has started it.
import { serveTransformer } from '@procache/core/remote';
import { openHere } from './open-here.ts';
import type { Notice, WorkerTask } from './worker-task.ts';

/** What a worker has of its page. */
interface Page {
  postMessage(message: unknown): void;
  addEventListener(kind: 'message', listener: (event: MessageEvent<unknown>) => void, options?: { once: true }): void;
}
const page: Page = globalThis;

page.addEventListener(
  'message',
  ({ data }) => {
    const { source, options } = data as WorkerTask;
    const onNotice = (notice: string): void => page.postMessage({ notice } satisfies Notice);
    serveTransformer(
      {
        post: (message) => page.postMessage(message),
        onMessage: (listener) => page.addEventListener('message', (event) => listener(event.data)),
        onClosed: () => undefined, // the worker ends with the page
      },
      openHere(source, { ...options, onNotice }),
    );
  },
  { once: true },
);
