import type { TransformerOptions } from './options.ts';

/** The first message to a worker: what it is to open. */
export interface WorkerTask {
  /** An absolute address, or files. */
  readonly source: string | readonly File[];
  readonly options: Pick<TransformerOptions, 'provider' | 'threads' | 'wasmPaths' | 'config' | 'latentSize'>;
}

/** What a worker says beside its answers. */
export interface Notice {
  readonly notice: string;
}
