// What the tests run in a page: it opens transformers, and serves them to the test in Node.
import {
  openPipeline,
  openTransformer,
  type PipelineOptions,
  type ProgressEvent,
  type TransformerOptions,
} from '@procache/backend-web';
import { decodeMessage, encodeMessage } from '@procache/conformance/wire';
import { serveTransformer } from '@procache/core/remote';
import type { GenerateRequest } from '@procache/pipeline';

declare global {
  /** What Node gives to the page: hands a message on. */
  function toNode(port: number, message: string): void;
  /** What the page gives to Node. */
  var fromNode: (port: number, message: string) => void;
  /** Opens a pipeline, draws, and disposes of it. */
  var drawn: (address: string, options: string, request: string) => Promise<string>;
  var openServed: (port: number, address: string, options: string) => void;
}

globalThis.drawn = async (address, options, request) => {
  const recommended = { steps: 50, guidance: 1.5 };
  const notices: string[] = [];
  const onNotice = (notice: string): void => void notices.push(notice);
  const events: ProgressEvent[] = [];
  const onProgress = (event: ProgressEvent): void => void events.push(event);
  const asked = { ...(decodeMessage(options) as PipelineOptions), onNotice, onProgress };
  const pipeline = await openPipeline({ folder: address, name: 'a model', recommended }, asked);
  try {
    const { images, latents, records } = await pipeline.generate(decodeMessage(request) as GenerateRequest);
    const times = records.map(({ kind, milliseconds }) => ({ kind, milliseconds }));
    return encodeMessage({ images, latents, times, notices, events: events.map(({ status }) => status) });
  } finally {
    await pipeline.dispose();
  }
};

const listeners = new Map<number, (message: unknown) => void>();

globalThis.fromNode = (port, message) => listeners.get(port)?.(decodeMessage(message));

globalThis.openServed = (port, address, options) => {
  serveTransformer(
    {
      post: (message) => toNode(port, encodeMessage(message)),
      onMessage: (listener) => void listeners.set(port, listener),
      onClosed: () => undefined,
    },
    openTransformer(address, { thread: 'here', ...(decodeMessage(options) as TransformerOptions) }),
  );
};
