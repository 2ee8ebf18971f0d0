import { checkOptions, type Fields } from '@procache/core/untrusted';
import { openHere } from './open-here.ts';
import type { ModelSource, TransformerOptions, WebTransformer } from './options.ts';
import { workerTransformer } from './worker-transformer.ts';

export const TRANSFORMER_FIELDS: Fields<TransformerOptions> = {
  provider: true,
  ort: true,
  threads: true,
  wasmPaths: true,
  onNotice: true,
  thread: true,
  config: true,
  latentSize: true,
  signal: true,
  onProgress: true,
};

/**
 * Opens the transformer of a model in a page.
 *
 * ```ts no-run it takes a browser
 * import { openTransformer } from '@procache/backend-web';
 *
 * const transformer = await openTransformer('models/fashion-dit/', { onProgress: (event) => console.log(event) });
 * ```
 *
 * Reads headers, and small checkpoints whole; sessions are opened when a generation needs them. The caller disposes of
 * it.
 *
 * @throws {ProCacheError} `invalid-model`, with the file and the way out; `unsupported-device` where the provider is
 * not there; `invalid-input` for an option that there is not.
 */
export async function openTransformer(source: ModelSource, options: TransformerOptions = {}): Promise<WebTransformer> {
  checkOptions('openTransformer', options, TRANSFORMER_FIELDS);
  const isAddress = typeof source === 'string' || source instanceof URL;
  const { thread = isAddress && options.ort === undefined ? 'worker' : 'here' } = options;
  return thread === 'worker' ? workerTransformer(source, options) : openHere(source, options);
}
