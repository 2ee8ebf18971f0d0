import { shownName } from '@procache/core/untrusted';

import { isCount } from './checkpoint.ts';
import { isPickled, type Pickled, type TorchStorage, type TorchTensor, type UnreadTensor } from './pickle-value.ts';
import { type Refuse } from './refusal.ts';
import { bytesPerElement, type StoredType } from './stored-type.ts';

/** What rebuilding a tensor needs of the file that it is in. */
export interface RebuildContext {
  readonly refuse: Refuse;
  /** Makes what another function would: some take the function that rebuilds as an argument. */
  readonly call: (name: string, args: Pickled[]) => Pickled;
}

type Rebuild = (args: readonly Pickled[], context: RebuildContext) => Pickled;

const storageTypes: ReadonlyMap<string, StoredType> = new Map([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);

const elementTypes: ReadonlyMap<string, StoredType> = new Map([
  ['torch.float64', 'F64'],
  ['torch.float32', 'F32'],
  ['torch.float16', 'F16'],
  ['torch.bfloat16', 'BF16'],
  ['torch.int64', 'I64'],
  ['torch.int32', 'I32'],
  ['torch.int16', 'I16'],
  ['torch.int8', 'I8'],
  ['torch.uint64', 'U64'],
  ['torch.uint32', 'U32'],
  ['torch.uint16', 'U16'],
  ['torch.uint8', 'U8'],
  ['torch.bool', 'BOOL'],
]);

/** Tensor classes that are no more than a tensor; any other may mean something else by its values. */
const plainClasses: ReadonlySet<string> = new Set([
  ...['torch.Tensor', 'torch._tensor.Tensor', 'torch.nn.parameter.Buffer', 'torch.nn.parameter.Parameter'],
]);

/** The limit of torch itself. */
const mostAxes = 64;

/** The functions with which torch rebuilds tensors (torch._utils, torch._tensor), by name. */
export const tensorRebuilders: ReadonlyMap<string, Rebuild> = new Map<string, Rebuild>([
  ['torch._utils._rebuild_parameter', ([tensor]) => tensor ?? null],
  ['torch._utils._rebuild_parameter_with_state', ([tensor]) => tensor ?? null],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_tensor_v3', rebuildTypedTensor],
  ['torch._utils._rebuild_qtensor', ([storage, , shape]) => unread('quantised', shape, nameOf(storage))],
  ['torch._utils._rebuild_sparse_tensor', ([, parts]) => unread('sparse', shapeAmong(parts))],
  ['torch._utils._rebuild_nested_tensor', () => unread('nested')],
  ['torch._utils._rebuild_meta_tensor_no_storage', ([of, shape]) => unread('on no device (meta)', shape, nameOf(of))],
  ['torch._utils._rebuild_device_tensor_from_cpu_tensor', rebuildFromCpu],
  ['torch._utils._rebuild_device_tensor_from_numpy', ([, of]) => unread('from a numpy array', undefined, nameOf(of))],
  ['torch._utils._rebuild_xla_tensor', ([, of]) => unread('from a numpy array', undefined, nameOf(of))],
  ['torch._utils._rebuild_wrapper_subclass', ([of, , shape]) => unreadOfClass(nameOf(of), shape)],
  ['torch._tensor._rebuild_from_type', rebuildFromType],
  ['torch._tensor._rebuild_from_type_v2', rebuildFromType],
]);

/** Arguments: storage, offset, shape, strides, whether it is trained, hooks, whether its signs are to be turned. */
function rebuildTensor(args: readonly Pickled[], { refuse }: RebuildContext): Pickled {
  const view = readView(args, refuse);
  return turned(args[6], { ...view, type: storageTypes.get(view.storage.className), typeName: view.storage.className });
}

/** The same, with the element type as the seventh argument; its storage is bytes without a type. */
function rebuildTypedTensor(args: readonly Pickled[], { refuse }: RebuildContext): Pickled {
  const typeName = nameOf(args[6]);
  return turned(args[7], { ...readView(args, refuse), type: elementTypes.get(typeName), typeName });
}

/** A view of complex numbers may be stored with a note that it is to be negated or conjugated when it is read. */
function turned(note: Pickled | undefined, tensor: TorchTensor): Pickled {
  const isTurned = note instanceof Map && [...note.values()].includes(true);
  return isTurned ? unread('noted to be negated or conjugated', tensor.shape, tensor.typeName) : tensor;
}

/** Arguments: tensor, element type, device, whether it is trained. */
function rebuildFromCpu([tensor, element]: readonly Pickled[]): Pickled {
  const typeName = nameOf(element);
  if (isPickled(tensor, 'tensor') && tensor.type === elementTypes.get(typeName)) return tensor;
  return unread('of another type than its values', isPickled(tensor, 'tensor') ? tensor.shape : undefined, typeName);
}

/** Arguments: function, class, the function's arguments, attributes. */
function rebuildFromType([rebuild, of, args]: readonly Pickled[], { refuse, call }: RebuildContext): Pickled {
  if (!isPickled(rebuild, 'global') || !Array.isArray(args)) {
    throw refuse('a tensor has no function that rebuilds it; the file is damaged, download it again');
  }
  const tensor = call(rebuild.name, args);
  const className = nameOf(of);
  if (plainClasses.has(className) || !isPickled(tensor, 'tensor')) return tensor;
  return unreadOfClass(className, tensor.shape);
}

function nameOf(value: Pickled | undefined): string {
  if (isPickled(value, 'global')) return value.name;
  return isPickled(value, 'object') || isPickled(value, 'storage') ? value.className : 'a type without a name';
}

function unreadOfClass(className: string, shape: Pickled | readonly number[] | undefined): UnreadTensor {
  return unread(`as ${shownName(className)}`, shape, className);
}

/** A tensor whose values are no plain numbers: `what` says how it is stored. */
function unread(what: string, shape?: Pickled | readonly number[], typeName: string = what): UnreadTensor {
  return { kind: 'unread', what, typeName, shape: isCounts(shape) ? shape : [] };
}

/** A sparse tensor is pickled as its indices, its values, its shape and perhaps whether it is coalesced. */
function shapeAmong(parts: Pickled | undefined): Pickled | undefined {
  return Array.isArray(parts) ? parts.find(isCounts) : undefined;
}

function readView(
  [storage, offset, shape, strides]: readonly Pickled[],
  refuse: Refuse,
): Omit<TorchTensor, 'type' | 'typeName'> {
  if (!isPickled(storage, 'storage') || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
    throw refuse(
      'a tensor has no storage, offset, shape or strides that can be read; the file is damaged, download it again',
    );
  }
  if (shape.length !== strides.length) {
    throw refuse(
      `a tensor has ${shape.length} axes but ${strides.length} strides; the file is damaged, download it again`,
    );
  }
  return { kind: 'tensor', storage, offset, shape, strides };
}

/**
 * Whether a value can be a shape or strides. The limit keeps a list that many tensors share from being walked for each.
 */
function isCounts(value: Pickled | readonly number[] | undefined): value is number[] {
  return Array.isArray(value) && value.length <= mostAxes && value.every(isCount);
}

/** The bytes that a storage should take; nothing where its element type is one that is not read here. */
export function storageBytes({ className, count }: TorchStorage): number | undefined {
  if (className === 'torch.storage.UntypedStorage' || className === 'torch.UntypedStorage') return count;
  const type = storageTypes.get(className);
  return type === undefined ? undefined : count * bytesPerElement(type);
}
