import { isMainThread } from 'node:worker_threads';
import { ProCacheError } from '@procache/core';
import { keepsOwnEnvironment, setNativeVariable } from './native-environment.ts';

/** What ONNX Runtime asks the environment for when its native library initialises: `1` switches its telemetry off. */
const SWITCH = 'ORT_DISABLE_TELEMETRY';

/** How long the main thread may take to answer, in milliseconds. */
const PATIENCE = 5000;

/**
 * Switches ONNX Runtime's telemetry off for this process, unless its environment says something about it already.
 *
 * Its official builds for Linux and macOS, from 1.29 on, otherwise keep a device id and a database of events below the
 * user's cache folder, and send what models are opened and run to their maker. In the main thread this is done when
 * this package is imported. A worker thread has a copy of the environment, which the native library does not see: there
 * `settleTelemetry` is what does it.
 */
export function switchTelemetryOff(): void {
  process.env[SWITCH] ||= '1';
  if (keepsOwnEnvironment()) setNativeVariable(SWITCH, process.env[SWITCH]);
}

if (isMainThread) switchTelemetryOff();

let settled: Promise<void> | undefined;

/**
 * Resolves once the environment that the native library will see says whether there is telemetry; to be awaited before
 * the library initialises.
 *
 * @throws {ProCacheError} `unsupported-device` in a worker thread whose main thread cannot be reached.
 */
export function settleTelemetry(): Promise<void> {
  if (isMainThread || keepsOwnEnvironment()) switchTelemetryOff();
  else settled ??= inEveryThread() ?? inMainThread();
  return settled ?? Promise.resolve();
}

/** Deno's own environment is one for all threads, unlike its `process.env`. Elsewhere there is none. */
function inEveryThread(): Promise<void> | undefined {
  const { Deno: deno } = globalThis as {
    readonly Deno?: { readonly env: { get(name: string): string | undefined; set(name: string, value: string): void } };
  };
  if (deno === undefined) return undefined;
  deno.env.set(SWITCH, deno.env.get(SWITCH) || '1');
  return Promise.resolve();
}

/** For a worker thread whose parent has settled it. */
export function telemetryIsSettled(): void {
  settled = Promise.resolve();
}

/** Worker threads cannot set the environment of the process, nor ask the main thread to, but through its inspector. */
async function inMainThread(): Promise<void> {
  try {
    const { Session } = await import('node:inspector/promises');
    const session = new Session();
    session.connectToMainThread();
    const evaluation = session.post('Runtime.evaluate', {
      expression: `process.env.${SWITCH} ||= '1'`,
      returnByValue: true,
    });
    const answer = await withinTime(evaluation).finally(() => session.disconnect());
    if (typeof answer.result.value !== 'string') throw new Error('the main thread has no environment');
  } catch (cause) {
    throw new ProCacheError(
      'unsupported-device',
      `ONNX Runtime's telemetry cannot be switched off from this worker thread: the main thread does not answer; ` +
        `import '@procache/backend-node' in the main thread first, or set ${SWITCH} before the process starts: ` +
        `1 for off, 0 to allow it`,
      { cause },
    );
  }
}

/**
 * The same promise, given up after a while. Its timer keeps the thread alive, which a question to another thread does
 * not.
 */
function withinTime<Value>(answer: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer in ${PATIENCE} ms`)), PATIENCE);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
