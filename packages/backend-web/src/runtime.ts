import { ProCacheError } from '@procache/core';
import { messageOf } from '@procache/core/untrusted';
import type { OrtHost } from '@procache/ort';
import type { Env } from 'onnxruntime-common';
import { hostOf } from './host.ts';
import type { Provider, WebRuntime } from './web-runtime.ts';

export interface RuntimeOptions {
  readonly provider: Provider;
  /** The module of ONNX Runtime Web; by default the one of the provider is imported. */
  readonly ort?: WebRuntime | undefined;
  /** Threads of WebAssembly; by default one for each processor, at most 8. A page that is not isolated has one. */
  readonly threads?: number | undefined;
  /** Where the files of ONNX Runtime Web lie: see its `env.wasm.wasmPaths`. */
  readonly wasmPaths?: Env.WebAssemblyFlags['wasmPaths'];
  /** Told of what makes it slower than it could be. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

const MOST_THREADS = 8;

/** One host for each module and provider, as all sessions of a module take turns. */
const hosts = new WeakMap<WebRuntime, Map<Provider, OrtHost>>();

/**
 * ONNX Runtime Web, which is loaded when this is first called.
 *
 * @throws {ProCacheError} `unsupported-device` where it cannot be loaded, or the provider is not there.
 */
export async function webHost(options: RuntimeOptions): Promise<OrtHost> {
  const { provider, ort = await loaded(provider) } = options;
  if (provider === 'webgpu') await checkAdapter();
  const known = hosts.get(ort) ?? new Map<Provider, OrtHost>();
  hosts.set(ort, known);
  const host = known.get(provider) ?? hostOf(ort, provider);
  if (!known.has(provider)) configure(ort, options);
  known.set(provider, host);
  return host;
}

/** Settings that a module takes before its first session. */
function configure({ env }: WebRuntime, { threads, wasmPaths, onNotice }: RuntimeOptions): void {
  const isolated = globalThis.crossOriginIsolated;
  const wanted = threads ?? Math.min(MOST_THREADS, globalThis.navigator.hardwareConcurrency);
  env.wasm.numThreads = isolated ? wanted : 1;
  env.logLevel = 'error';
  if (wasmPaths !== undefined) env.wasm.wasmPaths = wasmPaths;
  if (!isolated && wanted > 1) {
    onNotice?.(
      'this page computes with one thread: serve it with the headers Cross-Origin-Opener-Policy: same-origin and ' +
        'Cross-Origin-Embedder-Policy: require-corp to have several',
    );
  }
}

async function loaded(provider: Provider): Promise<WebRuntime> {
  try {
    return provider === 'wasm' ? await import('onnxruntime-web/wasm') : await import('onnxruntime-web/webgpu');
  } catch (cause) {
    throw new ProCacheError(
      'unsupported-device',
      `onnxruntime-web/${provider} cannot be loaded: ${messageOf(cause)}; install onnxruntime-web beside ` +
        `@procache/backend-web, or pass its module as the option ort`,
      { cause },
    );
  }
}

/** What a page has of WebGPU, as far as it is asked for here. */
interface Gpu {
  requestAdapter(): Promise<object | null>;
}

async function checkAdapter(): Promise<void> {
  const { gpu } = globalThis.navigator as { readonly gpu?: Gpu };
  if (gpu && (await gpu.requestAdapter())) return;
  throw new ProCacheError(
    'unsupported-device',
    `this browser ${gpu ? 'has no graphics card for WebGPU' : 'has no WebGPU'}; use the provider wasm`,
  );
}
