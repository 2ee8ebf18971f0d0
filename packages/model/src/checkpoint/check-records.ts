import { crc32Final, crc32Init, crc32Update } from '@foxglove/crc';

import { type ByteSource, rangeOf } from './byte-source.ts';
import { type Checkpoint, type StoredRecord } from './checkpoint.ts';
import { refusalOf } from './refusal.ts';

/** Bytes that are read at once. */
const pieceLength = 4 * 2 ** 20;

/** How much `checkRecords` may read. */
export interface CheckRecordsOptions {
  /** In bytes: where all ranges together take more, nothing is read; no limit unless given. */
  readonly most?: number;
}

/**
 * Checks the values of a checkpoint against the checksums that its file keeps, and returns the bytes that it checked.
 *
 * Opening a checkpoint reads its headers only, and ONNX Runtime maps the weights without looking: a torch file that
 * was damaged on its way is found by this. A safetensors file keeps no checksums, so nothing of it is checked.
 *
 * @throws {ProCacheError} `invalid-model`, with the first damaged entry.
 */
export async function checkRecords(
  { tensors }: Checkpoint,
  { most = Infinity }: CheckRecordsOptions = {},
): Promise<number> {
  const records = new Map<StoredRecord, ByteSource>();
  for (const { record, source } of tensors.values()) if (record) records.set(record, source);
  const total = [...records.keys()].reduce((sum, { length }) => sum + length, 0);
  if (total > most) return 0;
  for (const [record, source] of records) {
    let sum = crc32Init();
    for (let done = 0; done < record.length; done += pieceLength) {
      const length = Math.min(pieceLength, record.length - done);
      sum = crc32Update(sum, await rangeOf(source, record.offset + done, length));
    }
    checkRecord(source, record, crc32Final(sum));
  }
  return total;
}

/** Refuses bytes that do not have the checksum that the file keeps of them. */
export function checkRecord(
  file: { readonly name: string },
  { name, crc32: kept }: Pick<StoredRecord, 'name' | 'crc32'>,
  found: number,
): void {
  if (kept === found || kept === notComputed) return;
  throw refusalOf(file)(
    `'${name}' has the checksum ${hex(found)} but ${hex(kept)} is noted for it; the file is damaged, download it again`,
  );
}

/** What writers note that compute no checksums, as torch does when told to: torch.serialization.set_crc32_options. */
const notComputed = 0;

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}
