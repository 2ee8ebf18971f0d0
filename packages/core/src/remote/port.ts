/**
 * One end of a connection: what is posted at one end arrives at the other, in order, as a structured clone.
 *
 * Every message of the end that asks is answered by exactly one of the end that serves. In a page:
 *
 * ```ts
 * import type { Port } from '@procache/core/remote';
 *
 * // What a page's Worker has of it.
 * interface PageWorker {
 *   postMessage(message: unknown): void;
 *   addEventListener(kind: string, listener: (event: { data: unknown; message: string }) => void): void;
 * }
 * const portOf = (worker: PageWorker): Port => ({
 *   post: (message) => worker.postMessage(message),
 *   onMessage: (listener) => worker.addEventListener('message', ({ data }) => listener(data)),
 *   onClosed: (listener) => worker.addEventListener('error', ({ message }) => listener(new Error(message))),
 * });
 * ```
 */
export interface Port {
  /** Throws for what cannot be cloned. */
  post(message: unknown): void;
  /** Called once, before anything else. */
  onMessage(listener: (message: unknown) => void): void;
  /** Called once; the listener is told when nothing will arrive any longer, and why. */
  onClosed(listener: (reason: Error) => void): void;
}
