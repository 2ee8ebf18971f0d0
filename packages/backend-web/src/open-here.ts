import { ortTransformer } from '@procache/ort';
import { openSource } from './model-source.ts';
import type { ModelSource, TransformerOptions, WebTransformer } from './options.ts';
import { webHost } from './runtime.ts';

/** Opens a transformer that computes in this thread. */
export async function openHere(source: ModelSource, options: TransformerOptions): Promise<WebTransformer> {
  const { provider = 'wasm', ort, threads, wasmPaths, onNotice } = options;
  const { model, loading } = await openSource(source, options);
  const host = await webHost({ provider, ort, threads, wasmPaths, onNotice });
  loading?.ready();
  return { ...ortTransformer(model, host), model };
}
