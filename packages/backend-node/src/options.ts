import type { Transformer } from '@procache/core';
import type { ConfigJson, TransformerModel } from '@procache/model';
import type { FileIdentity } from './file-identity.ts';

export interface TransformerOptions {
  /**
   * Threads that ONNX Runtime computes with, at most `MOST_THREADS`; by default one for each processor that this
   * process may use.
   */
  readonly threads?: number | undefined;
  /** `'low'`: weights stay in the page cache of the operating system, shared by all graphs, at some cost in speed. */
  readonly memory?: 'normal' | 'low' | undefined;
  /** `'worker'`: everything is computed in a worker thread, and this thread's event loop stays free. */
  readonly thread?: 'main' | 'worker' | undefined;
  /** Fields that add to the model's config.json, such as `num_heads`. */
  readonly config?: ConfigJson | undefined;
  /**
   * The files as somebody has looked at them before (`OpenedModel.files`): nothing is opened if they are others by now.
   */
  readonly unchangedSince?: readonly FileIdentity[] | undefined;
}

/** A transformer on this machine, and what is known about its model. Its features are opaque handles. */
export interface NodeTransformer extends Transformer<unknown> {
  readonly model: TransformerModel;
}
