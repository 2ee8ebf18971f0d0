import { isCount } from './checkpoint.ts';
import { type PickleMeaning } from './pickle.ts';
import { isPickled, type Pickled, type TorchStorage, type TorchTensor } from './pickle-value.ts';
import { type Refuse } from './refusal.ts';
import { type StoredType } from './stored-type.ts';

/** What the globals and persistent ids in a pickle of `torch.save` mean to a reader of tensors. */
export function torchMeaning(refuse: Refuse): PickleMeaning {
  return {
    call(name, args) {
      const rebuild = rebuilders.get(name);
      if (rebuild !== undefined) return rebuild(args, refuse);
      if (plainConstructors.has(name)) return { kind: 'object', className: name };
      throw refuse(
        `the file asks to call ${name}, which is not one of the functions that rebuild tensors; nothing was run; ` +
          `unless you know why it is there, do not load the file with torch either: take the weights as safetensors, or have them saved alone with torch.save(model.state_dict(), path)`,
      );
    },
    create: (name) => (dictionaries.has(name) ? new Map() : { kind: 'object', className: name }),
    load: (id) => readStorage(id, refuse),
  };
}

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
  ['torch.uint16', 'U16'],
  ['torch.uint32', 'U32'],
  ['torch.uint64', 'U64'],
]);

const dictionaries: ReadonlySet<string> = new Set(['collections.OrderedDict', 'collections.defaultdict']);

/** Calls that give values of no interest: paths, dates, devices, numpy scalars. Their result is left opaque. */
const plainConstructors: ReadonlySet<string> = new Set([
  '__builtin__.frozenset',
  '__builtin__.set',
  '_codecs.encode',
  'argparse.Namespace',
  'builtins.bytearray',
  'builtins.frozenset',
  'builtins.set',
  'collections.Counter',
  'copy_reg._reconstructor',
  'copyreg._reconstructor',
  'datetime.date',
  'datetime.datetime',
  'datetime.timedelta',
  'numpy._core.multiarray._reconstruct',
  'numpy._core.multiarray.scalar',
  'numpy.core.multiarray._reconstruct',
  'numpy.core.multiarray.scalar',
  'numpy.dtype',
  'pathlib.PosixPath',
  'pathlib.PurePosixPath',
  'pathlib.WindowsPath',
  'torch.device',
]);

/** The limit of torch itself. */
const mostAxes = 64;

type Rebuild = (args: readonly Pickled[], refuse: Refuse) => Pickled;

const rebuilders: ReadonlyMap<string, Rebuild> = new Map<string, Rebuild>([
  ['collections.OrderedDict', () => new Map()],
  ['collections.defaultdict', () => new Map()],
  ['torch.Size', ([extents]) => extents ?? []],
  ['torch._utils._rebuild_parameter', ([tensor]) => tensor ?? null],
  ['torch._utils._rebuild_parameter_with_state', ([tensor]) => tensor ?? null],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_tensor_v3', rebuildTypedTensor],
]);

/** Arguments: storage, offset, shape, strides, then what matters to training only. */
function rebuildTensor(args: readonly Pickled[], refuse: Refuse): TorchTensor {
  const view = readView(args, refuse);
  return { ...view, type: storageTypes.get(view.storage.className), typeName: view.storage.className };
}

/** The same, with the element type as the seventh argument; its storage is bytes without a type. */
function rebuildTypedTensor(args: readonly Pickled[], refuse: Refuse): TorchTensor {
  const element = args[6];
  const typeName = isPickled(element, 'global') ? element.name : 'an element type without a name';
  return { ...readView(args, refuse), type: elementTypes.get(typeName), typeName };
}

function readView(
  [storage, offset, shape, strides]: readonly Pickled[],
  refuse: Refuse,
): Omit<TorchTensor, 'type' | 'typeName'> {
  if (!isPickled(storage, 'storage') || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
    throw refuse('a tensor has no storage, offset, shape or strides that can be read; the file is damaged, download it again');
  }
  if (shape.length !== strides.length) {
    throw refuse(
      `a tensor of storage '${storage.key}' has ${shape.length} axes but ${strides.length} strides; the file is damaged, download it again`,
    );
  }
  return { kind: 'tensor', storage, offset, shape, strides };
}

/** Whether a value can be a shape or strides. The limit also keeps a list that many tensors share from being walked for each. */
function isCounts(value: Pickled | undefined): value is number[] {
  return Array.isArray(value) && value.length <= mostAxes && value.every(isCount);
}

/** A persistent id is the tuple ('storage', class, key, device, element count). */
function readStorage(id: Pickled, refuse: Refuse): TorchStorage {
  const [tag, of, key, , count] = Array.isArray(id) ? id : [];
  if (tag !== 'storage' || !isPickled(of, 'global') || typeof key !== 'string' || !isCount(count)) {
    throw refuse('the pickle refers to something that is not a tensor storage; save the weights alone with torch.save(model.state_dict(), path)');
  }
  return { kind: 'storage', className: of.name, key, count };
}

/** The element type of a storage class; nothing for bytes without a type and for types that are not read here. */
export function storageType(storage: TorchStorage): StoredType | undefined {
  return storageTypes.get(storage.className);
}
