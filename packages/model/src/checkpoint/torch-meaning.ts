import { isCount } from './checkpoint.ts';
import { type PickleMeaning } from './pickle.ts';
import { isPickled, type Pickled, type TorchStorage } from './pickle-value.ts';
import { type Refuse } from './refusal.ts';
import { kindOfCall, modernName, refusedCall } from './torch-calls.ts';
import { type RebuildContext, tensorRebuilders } from './torch-tensors.ts';

/** What the globals and persistent ids in a pickle of `torch.save` mean to a reader of tensors. */
export function torchMeaning(refuse: Refuse): PickleMeaning {
  const meaning: PickleMeaning = {
    call(original, args) {
      const name = modernName(original);
      const made = madeBy(name, args) ?? tensorRebuilders.get(name)?.(args, context);
      if (made !== undefined) return made;
      const kind = kindOfCall(name, args);
      if (kind !== 'plain') throw refuse(refusedCall(original, kind));
      return { kind: 'object', className: original };
    },
    create: (name, [first]) => {
      if (dictionaries.has(modernName(name))) return new Map();
      return name === 'torch.nn.parameter.Parameter' && isTensor(first) ? first : { kind: 'object', className: name };
    },
    load: (id) => readStorage(id, refuse),
  };
  const context: RebuildContext = { refuse, call: (name, args) => meaning.call(name, args) };
  return meaning;
}

const dictionaries: ReadonlySet<string> = new Set([
  ...['builtins.dict', 'collections.OrderedDict', 'collections.defaultdict'],
]);

const longestAttribute = 100;

function isTensor(value: Pickled | undefined): value is Pickled {
  return isPickled(value, 'tensor') || isPickled(value, 'unread');
}

/** What a call makes that is neither a tensor nor of no interest. */
function madeBy(name: string, args: readonly Pickled[]): Pickled | undefined {
  const [first, second] = args;
  if (dictionaries.has(name)) return new Map(name === 'collections.defaultdict' ? [] : pairsOf(first));
  if (name === 'torch.Size') return first ?? [];
  // Classes within classes, and members of some enumerations, are attributes of a global; only the name is kept.
  if (name === 'builtins.getattr' && typeof second === 'string') return attributeOf(first, second);
  if (/^copyreg\.(?:_reconstructor|__newobj__|__newobj_ex__)$/.test(name) && isPickled(first, 'global')) {
    return dictionaries.has(modernName(first.name)) ? new Map() : { kind: 'object', className: first.name };
  }
  return undefined;
}

/** Python 2 writes the items of an ordered dictionary as a list of pairs. */
function pairsOf(items: Pickled | undefined): readonly (readonly [Pickled, Pickled])[] {
  if (!Array.isArray(items)) return [];
  return items.filter((item): item is [Pickled, Pickled] => Array.isArray(item) && item.length === 2);
}

function attributeOf(owner: Pickled | undefined, attribute: string): Pickled | undefined {
  if (attribute.length > longestAttribute) return undefined;
  if (isPickled(owner, 'global')) return { kind: 'global', name: `${owner.name}.${attribute}` };
  return isPickled(owner, 'object') ? { kind: 'object', className: `${owner.className}.${attribute}` } : undefined;
}

/** A persistent id is the tuple ('storage', class, key, device, element count). */
function readStorage(id: Pickled, refuse: Refuse): TorchStorage {
  const [tag, of, key, , count] = Array.isArray(id) ? id : [];
  if (tag !== 'storage' || !isPickled(of, 'global') || typeof key !== 'string' || !isCount(count)) {
    throw refuse(
      'the pickle refers to something that is not a tensor storage; ' +
        'save the weights alone with torch.save(model.state_dict(), path)',
    );
  }
  return { kind: 'storage', className: of.name, key, count };
}
