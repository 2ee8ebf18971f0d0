import type { Transformer } from '@procache/core';
import { checkLatentSize, type ConfigJson, type LatentSize, type TransformerModel } from '@procache/model';
import { checkOptions, type Fields, nameOf } from '@procache/core/untrusted';
import type { FileIdentity } from './file-identity.ts';
import { threadCount } from './threads.ts';

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
  /** The latents to draw, in cells, of a model that draws several sizes; by default its own. */
  readonly latentSize?: LatentSize | undefined;
  /**
   * The files as somebody has looked at them before (`OpenedModel.files`): nothing is opened if they are others by now.
   */
  readonly unchangedSince?: readonly FileIdentity[] | undefined;
}

/** The names of all options. */
export const TRANSFORMER_FIELDS: Fields<TransformerOptions> = {
  threads: true,
  memory: true,
  thread: true,
  config: true,
  latentSize: true,
  unchangedSince: true,
};

/**
 * Refuses options that there are not, and values that they do not have.
 *
 * @throws {ProCacheError} `invalid-input`, with the option and what it may be.
 */
export function checkTransformerOptions(options: TransformerOptions): void {
  checkOptions('openTransformer', options, TRANSFORMER_FIELDS);
  const { threads, memory = 'normal', thread = 'main', latentSize } = options;
  threadCount(threads);
  nameOf({ value: memory, place: 'memory', code: 'invalid-input' }, ['normal', 'low']);
  nameOf({ value: thread, place: 'thread', code: 'invalid-input' }, ['main', 'worker']);
  if (latentSize !== undefined) checkLatentSize(latentSize);
}

/** A transformer on this machine, and what is known about its model. Its features are opaque handles. */
export interface NodeTransformer extends Transformer<unknown> {
  readonly model: TransformerModel;
}
