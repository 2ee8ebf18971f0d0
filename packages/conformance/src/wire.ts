// Messages between a page and Node as text: what a structured clone holds crosses exactly.

const ARRAYS = { Float32Array, Int32Array, Uint8Array, Float64Array, BigInt64Array } as const;
type ArrayName = keyof typeof ARRAYS;
type Binary = InstanceType<(typeof ARRAYS)[ArrayName]>;

/** A message as text. */
export function encodeMessage(value: unknown): string {
  return JSON.stringify(written(value));
}

/** The message again. */
export function decodeMessage(text: string): unknown {
  return read(JSON.parse(text));
}

function written(value: unknown): unknown {
  if (value === undefined) return { $: 'undefined' };
  if (typeof value === 'bigint') return { $: 'bigint', of: String(value) };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $: 'number', of: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  const name = value.constructor.name as ArrayName;
  if (name in ARRAYS) return { $: name, of: textOfBytes(value as Binary) };
  if (value instanceof Map) return { $: 'Map', of: [...value].map(written) };
  if (value instanceof Set) return { $: 'Set', of: [...value].map(written) };
  if (Array.isArray(value)) return value.map(written);
  return { $: 'object', of: Object.entries(value).map(([key, member]) => [key, written(member)]) };
}

function read(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(read);
  if (typeof value !== 'object' || value === null) return value;
  const { $: kind, of } = value as { readonly $: string; readonly of: never };
  switch (kind) {
    case 'undefined':
      return undefined;
    case 'bigint':
      return BigInt(of);
    case 'number':
      return Number(of);
    case 'Map':
      return new Map((of as unknown[]).map(read) as [unknown, unknown][]);
    case 'Set':
      return new Set((of as unknown[]).map(read));
    case 'object':
      return Object.fromEntries((of as [string, unknown][]).map(([key, member]) => [key, read(member)]));
    default:
      return arrayOf(kind as ArrayName, of);
  }
}

function textOfBytes({ buffer, byteOffset, byteLength }: Binary): string {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

function arrayOf(name: ArrayName, text: string): Binary {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new ARRAYS[name](bytes.buffer);
}
