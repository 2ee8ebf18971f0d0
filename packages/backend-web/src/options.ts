import type { ConfigJson, Folder, LatentSize, TransformerModel } from '@procache/model';
import type { Transformer } from '@procache/core';
import type { ProgressEvent } from './progress.ts';
import type { RuntimeOptions } from './runtime.ts';
import type { Provider, WebRuntime } from './web-runtime.ts';

/** Where a model lies: the address of its folder, files that somebody has picked, or any `Folder`. */
export type ModelSource = string | URL | Iterable<File> | Folder;

export interface TransformerOptions extends Omit<RuntimeOptions, 'provider' | 'ort'> {
  /** `'wasm'` unless given. */
  readonly provider?: Provider | undefined;
  /** The module of ONNX Runtime Web, where the model is opened in this thread. */
  readonly ort?: WebRuntime | undefined;
  /**
   * Where it computes: in this thread, or in a worker, so that the page answers while it draws; the default where the
   * model lies at an address and no module is given.
   */
  readonly thread?: 'here' | 'worker' | undefined;
  /** Fields that add to the model's config.json. */
  readonly config?: ConfigJson | undefined;
  /** The size of the latents to draw, where it is not the model's own. */
  readonly latentSize?: LatentSize | undefined;
  /** Ends the loading. */
  readonly signal?: AbortSignal | undefined;
  /** Told of files while they are loaded. */
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}

/** A transformer in a page, and what is known about it. */
export type WebTransformer = Transformer<unknown> & { readonly model: TransformerModel };
