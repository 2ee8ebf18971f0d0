import { isContiguous, rowMajorStrides, type StoredTensor } from '../checkpoint/checkpoint.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import { bytesPerElement, isStoredType } from '../checkpoint/stored-type.ts';

/** Some rows of a table, [rows, width], read one by one: T5-XXL's is 526 MB long, and a text takes a hundred rows. */
export async function embeddingRows(table: StoredTensor, rows: readonly number[]): Promise<Float32Array> {
  const width = table.shape[1]!;
  const distinct = [...new Set(rows)];
  const values = new Map<number, Float32Array>();
  const whole = isContiguous(table) ? undefined : await readFloats(table);
  for (const row of distinct)
    values.set(row, whole?.subarray(row * width, (row + 1) * width) ?? (await readFloats(rowOf(table, row))));
  const gathered = new Float32Array(rows.length * width);
  rows.forEach((row, i) => gathered.set(values.get(row)!, i * width));
  return gathered;
}

/** One row as a tensor of its own, without the checksum, which is the whole table's. */
function rowOf(table: StoredTensor, row: number): StoredTensor {
  const { name, type, source, offset, unread } = table;
  const shape = [1, table.shape[1]!];
  const bytes = isStoredType(type) ? bytesPerElement(type) : 0;
  return {
    ...{ name: `${name} (row ${row})`, type, source, shape, strides: rowMajorStrides(shape) },
    offset: offset + row * shape[1]! * bytes,
    ...(unread !== undefined && { unread }),
  };
}
