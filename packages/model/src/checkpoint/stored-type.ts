import { shownName } from '@procache/core/untrusted';

/** The number formats that tensors are read from, by their safetensors names. */
export type StoredType =
  'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U64' | 'U32' | 'U16' | 'U8' | 'BOOL';

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

/** Bits of one element of the formats that safetensors has and that are not read here. */
const otherBits: ReadonlyMap<string, number> = new Map([
  ['F8_E5M2', 8],
  ['F8_E4M3', 8],
  ['F8_E5M2FNUZ', 8],
  ['F8_E4M3FNUZ', 8],
  ['F8_E8M0', 8],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['F4', 4],
  ['I4', 4],
  ['U4', 4],
  ['C64', 64],
  ['C128', 128],
]);

/** Bytes of one element. */
export function bytesPerElement(type: StoredType): number {
  return sizes[type];
}

/** Whether a name is that of a number format whose values are read here. */
export function isStoredType(name: unknown): name is StoredType {
  return typeof name === 'string' && Object.hasOwn(sizes, name);
}

/** Whether a name can be that of a number format, read here or not: safetensors writes them in capitals. */
export function isTypeName(name: unknown): name is string {
  return typeof name === 'string' && /^[A-Z][A-Z0-9_]{1,15}$/.test(name);
}

/** Bits of one element, where the format is known at all. */
export function bitsPerElement(type: string): number | undefined {
  return isStoredType(type) ? 8 * sizes[type] : otherBits.get(type);
}

/** Why a tensor of a format that is not read is of no use, for a message. */
export function notRead(type: string): string {
  return `its values are stored as ${shownName(type)}, which is not read here; convert the tensor to F32, F16 or BF16`;
}
