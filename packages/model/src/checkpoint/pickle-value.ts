import { shownName } from '@procache/core/untrusted';

import { type StoredType } from './stored-type.ts';

/** A function or class that a pickle refers to by name. It is never looked up. */
export interface PickledGlobal {
  readonly kind: 'global';
  /** Module and name with a dot between: `torch.FloatStorage`. */
  readonly name: string;
}

/** An object of a class that is of no interest, such as the arguments of a training run. */
export interface PickledObject {
  readonly kind: 'object';
  readonly className: string;
}

/** The memory behind one or more tensors: an entry of the zip file. */
export interface TorchStorage {
  readonly kind: 'storage';
  readonly className: string;
  readonly key: string;
  /** In elements of the class; in bytes where the class has no element type. */
  readonly count: number;
}

/** A tensor as torch pickles it: a view of a storage. */
export interface TorchTensor {
  readonly kind: 'tensor';
  readonly storage: TorchStorage;
  /** Nothing where the type is one that is not read here. */
  readonly type: StoredType | undefined;
  /** The type's name in torch, for messages. */
  readonly typeName: string;
  /** Where the view begins, in elements. Offset, shape and strides are as in the file, not yet checked. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A tensor whose values are not stored as plain numbers: sparse, quantised, on no device. */
export interface UnreadTensor {
  readonly kind: 'unread';
  /** How it is stored, for messages: `sparse`. */
  readonly what: string;
  readonly typeName: string;
  readonly shape: readonly number[];
}

/** What a pickle can describe to us. Tuples and lists are arrays. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pickled[]
  | Map<Pickled, Pickled>
  | Set<Pickled>
  | PickledGlobal
  | PickledObject
  | TorchStorage
  | TorchTensor
  | UnreadTensor;

/** The kind of a value, in words for messages. */
export function describePickled(value: Pickled): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Map) return 'a dictionary';
  if (value instanceof Set) return 'a set';
  if (value instanceof Uint8Array) return 'bytes';
  if (value === null) return 'None';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (value.kind === 'object') return `an object of the class ${shownName(value.className)}`;
  if (value.kind === 'unread') return 'a tensor';
  return value.kind === 'global' ? `the global ${shownName(value.name)}` : `a ${value.kind}`;
}

/** Whether a value is one of the records of this file of that kind. */
export function isPickled<Kind extends 'global' | 'object' | 'storage' | 'tensor' | 'unread'>(
  value: Pickled | undefined,
  kind: Kind,
): value is Extract<Pickled, { kind: Kind }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}
