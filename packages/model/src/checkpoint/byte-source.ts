import { refusalOf } from './refusal.ts';

/** Bytes that are read in ranges: a file, a blob, an HTTP resource. */
export interface ByteSource {
  readonly name: string;
  /** What a graph calls the file, where that is not its name: see `OnnxGraph.files`. */
  readonly location?: string;
  /** In bytes. */
  readonly size: number;
  /** The bytes of one range. The caller only reads them. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A source over bytes that are in memory already. */
export function bytesSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

/** Exactly `length` bytes of `source`, or an error with the numbers that disagree. */
export async function rangeOf(source: ByteSource, offset: number, length: number): Promise<Uint8Array> {
  const refuse = refusalOf(source);
  if (offset + length > source.size) {
    throw refuse(
      `bytes ${offset} to ${offset + length} are needed but the file has ${source.size}; ` +
        `it looks cut short, download it again`,
    );
  }
  const bytes = await source.read(offset, length);
  if (bytes.length !== length) {
    throw refuse(
      `asked for ${length} bytes at ${offset} but got ${bytes.length}; ` +
        `the file changed while it was read, open it again`,
    );
  }
  return bytes;
}

/** A view that reads numbers from `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
