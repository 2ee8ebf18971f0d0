/** The number formats a tensor may be stored in, by their safetensors names. */
export type StoredType =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL';

const sizes: Readonly<Record<StoredType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};

/** Bytes of one element. */
export function bytesPerElement(type: StoredType): number {
  return sizes[type];
}

export function isStoredType(name: unknown): name is StoredType {
  return typeof name === 'string' && Object.hasOwn(sizes, name);
}
