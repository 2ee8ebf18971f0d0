/** A stream that output goes to: what this program needs of `process.stdout`. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
  /** Resolves once all that was written has arrived, to the first failure if there was one. */
  settled?(): Promise<Error | undefined>;
}

/**
 * A stream of the process that remembers whether its writes arrived.
 *
 * Node tells of a failed write later, and by an event. After the first failure nothing more is written: on a disk that
 * is full for a moment, the rest of an output without its beginning would be worth less than nothing.
 */
export function checkedStream(stream: NodeJS.WriteStream): OutputStream {
  let failure: Error | undefined;
  const pending = new Set<Promise<void>>();
  const fail = (cause: Error): void => void (failure ??= cause);
  stream.on('error', fail);
  return {
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns;
    },
    write(text) {
      if (failure) return;
      const written = new Promise<void>((resolve) => {
        stream.write(text, (cause) => {
          if (cause) fail(cause);
          resolve();
        });
      });
      pending.add(written);
      void written.then(() => pending.delete(written));
    },
    async settled() {
      while (pending.size > 0) await Promise.all(pending);
      return failure;
    },
  };
}
