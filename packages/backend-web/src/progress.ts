/** What is told of files while they are loaded, in the shape that transformers.js has for it. */
export type ProgressEvent =
  | { readonly status: 'initiate' | 'done'; readonly file: string }
  | {
      readonly status: 'progress';
      readonly file: string;
      /** In bytes. */
      readonly loaded: number;
      readonly total: number;
      /** In percent. */
      readonly progress: number;
    }
  | { readonly status: 'ready' };

/** Adds up what of each file has been loaded. */
export class Loading {
  readonly #loaded = new Map<string, number>();
  readonly #onProgress: (event: ProgressEvent) => void;

  constructor(onProgress: (event: ProgressEvent) => void) {
    this.#onProgress = onProgress;
  }

  /** So many more bytes of a file, of `total`, have been loaded. */
  add(file: string, bytes: number, total: number): void {
    const before = this.#loaded.get(file);
    if (before === undefined) this.#onProgress({ status: 'initiate', file });
    const loaded = (before ?? 0) + bytes;
    this.#loaded.set(file, loaded);
    if (!Number.isFinite(total)) return;
    this.#onProgress({ status: 'progress', file, loaded, total, progress: (100 * loaded) / total });
    if (loaded >= total) this.#onProgress({ status: 'done', file });
  }

  /** All is there. */
  ready(): void {
    this.#onProgress({ status: 'ready' });
  }
}
