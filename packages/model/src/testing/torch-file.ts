import { zipSync } from 'fflate';

import { type ByteSource, bytesSource } from '../checkpoint/byte-source.ts';
import { utf8Of } from '../checkpoint/utf8.ts';

/**
 * A pickle, spelt in the opcodes of protocol 2 and 4: a sign is an opcode, longer text is itself, a number is a byte.
 */
export type Piece = string | number | readonly Piece[];

/** A number in four bytes, the least first. */
export const u32 = (value: number): number[] => [
  value & 255,
  (value >> 8) & 255,
  (value >> 16) & 255,
  (value >>> 24) & 255,
];
/** Pushes a text. */
export const pickledText = (value: string): Piece =>
  utf8Of(value).length < 256
    ? [0x8c, utf8Of(value).length, [...utf8Of(value)]]
    : ['X', u32(utf8Of(value).length), [...utf8Of(value)]];
/** Pushes a number of 32 bits. */
export const integer = (value: number): Piece => ['J', u32(value)];
export const tuple = (...items: Piece[]): Piece => ['(', items, 't'];
export const list = (...items: Piece[]): Piece => ['](', items, 'e'];
export const global = (module: string, name: string): Piece => ['c', `${module}\n${name}\n`];
export const call = (callee: Piece, ...args: Piece[]): Piece => [callee, tuple(...args), 'R'];
export const dictionary = (entries: Readonly<Record<string, Piece>>): Piece => [
  '}(',
  Object.entries(entries).map(([key, value]) => [pickledText(key), value]),
  'u',
];
/** An object of a class, with its attributes. */
export const object = (module: string, name: string, state: Piece = dictionary({})): Piece => [
  global(module, name),
  ')',
  0x81,
  state,
  'b',
];

/** A reference to the values of a file `data/<key>`, of which there are `count`. */
export const storage = (key: string, count: number, of = 'FloatStorage', module = 'torch'): Piece => [
  tuple(pickledText('storage'), global(module, of), pickledText(key), pickledText('cpu'), integer(count)),
  'Q',
];
/** A tuple of numbers: a shape, or strides. */
export const counts = (values: readonly number[]): Piece => tuple(...values.map(integer));
export const hooks: Piece = call(global('collections', 'OrderedDict'));
export const pickledTensor = (of: Piece, offset: number, shape: readonly number[], strides: readonly number[]): Piece =>
  call(
    global('torch._utils', '_rebuild_tensor_v2'),
    of,
    integer(offset),
    counts(shape),
    counts(strides),
    '\x89',
    hooks,
  );

function flatten(piece: Piece): number[] {
  if (typeof piece === 'number') return [piece];
  if (typeof piece === 'string') return piece.length === 1 ? [piece.charCodeAt(0)] : [...utf8Of(piece)];
  return piece.flatMap(flatten);
}

/** The bytes of a pickle. */
export const pickleOf = (root: Piece): Uint8Array => Uint8Array.from(flatten([0x80, 2, root, '.']));

/** What is in a file besides its pickle, and how it is packed. */
export interface Saved {
  readonly storages?: Readonly<Record<string, Float32Array | Uint16Array>>;
  readonly files?: Readonly<Record<string, string>>;
  /** Deflates the pickle, or the storages too. */
  readonly deflate?: 'pickle' | 'all';
  readonly name?: string;
}

/** The file that torch.save would write of the pickled `root`. */
export function saved(
  root: Piece | Uint8Array,
  { storages = { 0: Float32Array.of(0, 1, 2, 3, 4, 5) }, files = {}, deflate, name = 'saved.pt' }: Saved = {},
): ByteSource {
  const entry = (bytes: Uint8Array, packed: boolean): [Uint8Array, { level: 0 | 9 }] => [
    bytes,
    { level: packed ? 9 : 0 },
  ];
  const content = {
    'archive/data.pkl': entry(root instanceof Uint8Array ? root : pickleOf(root), deflate !== undefined),
    ...Object.fromEntries(
      Object.entries(files).map(([file, value]) => [`archive/${file}`, entry(utf8Of(value), false)]),
    ),
    ...Object.fromEntries(
      Object.entries(storages).map(([key, values]) => [
        `archive/data/${key}`,
        entry(new Uint8Array(values.buffer), deflate === 'all'),
      ]),
    ),
  };
  return bytesSource(name, zipSync(content));
}
