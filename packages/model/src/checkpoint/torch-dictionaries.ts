import { describePickled, isPickled, type Pickled, type TorchTensor, type UnreadTensor } from './pickle-value.ts';
import { quoted, type Refuse } from './refusal.ts';
import { isAverageKey } from './weights-rank.ts';

/** Tensors with names that stand together in what was pickled. */
export interface TorchDictionary {
  /** The keys that lead to it, with dots between; empty at the top level. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TorchTensor | UnreadTensor>;
}

/** The dictionaries of tensors in what was pickled. */
export interface TorchDictionaries {
  readonly dictionaries: readonly TorchDictionary[];
  /** Keys of averages under which tensors have no names: torch_ema keeps a list, in the order of the parameters. */
  readonly nameless: readonly string[];
}

/** Training scripts nest no deeper: `callbacks`, a class, `state`, `shadow`, `module`. */
const deepest = 5;
/** Keys are words; what is longer is not followed. */
const longestKey = 100;
/** Dictionaries may stand in a list, one for each rate of decay. */
const longestList = 16;
/** As many as any training script has. */
const mostDictionaries = 100;
const mostVisited = 20_000;

/** What belongs to an optimiser has the names of the model's tensors too, and is nothing to draw with. */
const trainingWords = [
  ...['opt', 'exp_avg', 'exp_avg_sq', 'momentum', 'moments', 'param_groups'], // of optimisers
  ...['sched', 'schedulers?', 'grads?', 'gradients?', 'loops'],
];
const trainingOnly = new RegExp(`optim|(?<![a-z])(?:${trainingWords.join('|')})(?![a-z])`, 'i');

/**
 * Every dictionary of tensors in what was pickled, however its keys are called; those of optimisers are left out.
 *
 * @throws {ProCacheError} where there is none.
 */
export function torchDictionaries(root: Pickled, refuse: Refuse): TorchDictionaries {
  if (!(root instanceof Map)) {
    throw refuse(
      `the file holds ${describePickled(root)}, not a dictionary of tensors; ` +
        'save the weights alone with torch.save(model.state_dict(), path)',
    );
  }
  const found = new Walk(root);
  if (found.dictionaries.length > 0) return found;
  const first = [...root.keys()].slice(0, listedKeys);
  const keys = first.map((key) => keyInWords(key, root.get(key)!)).join(', ');
  throw refuse(
    `no tensors with names were found in it; the ${root.size} keys begin with ${keys || 'none'}; ` +
      'save the weights alone with torch.save(model.state_dict(), path)',
  );
}

/** As many keys as an error can list and still be read. */
const listedKeys = 4;

/** A key, and the class of the object under it: whole models are pickled so. */
function keyInWords(key: Pickled, value: Pickled): string {
  const word = typeof key === 'string' ? quoted(key) : describePickled(key);
  return isPickled(value, 'object') ? `${word} (${describePickled(value)})` : word;
}

/** Looks at every dictionary once, so that what refers to itself comes to an end. */
class Walk implements TorchDictionaries {
  readonly dictionaries: TorchDictionary[] = [];
  readonly nameless: string[] = [];
  readonly #visited = new Set<ReadonlyMap<Pickled, Pickled>>();

  constructor(root: ReadonlyMap<Pickled, Pickled>) {
    this.#visit(root, []);
  }

  #visit(dictionary: ReadonlyMap<Pickled, Pickled>, keys: readonly string[]): void {
    if (
      this.#visited.has(dictionary) ||
      this.#visited.size >= mostVisited ||
      this.dictionaries.length >= mostDictionaries
    )
      return;
    this.#visited.add(dictionary);
    const tensors = new Map<string, TorchTensor | UnreadTensor>();
    for (const [key, value] of dictionary) {
      if (typeof key !== 'string') continue;
      if (isPickled(value, 'tensor') || isPickled(value, 'unread')) tensors.set(key, value);
    }
    if (tensors.size > 0) this.dictionaries.push({ path: keys.join('.'), tensors });
    for (const [key, value] of dictionary) if (typeof key === 'string') this.#follow(key, value, keys);
  }

  #follow(key: string, value: Pickled, keys: readonly string[]): void {
    if (keys.length === deepest || key.length > longestKey || trainingOnly.test(key)) return;
    const path = [...keys, key];
    if (value instanceof Map) this.#visit(value, path);
    else if (Array.isArray(value) && value.length <= longestList && value.some((part) => part instanceof Map)) {
      for (const [i, part] of value.entries()) this.#follow(String(i), part, path);
    } else if (path.some(isAverageKey) && (holdsTensors(value) || isPickled(value, 'object')))
      this.nameless.push(path.join('.'));
  }
}

function holdsTensors(value: Pickled): boolean {
  return Array.isArray(value) && value.slice(0, longestList).some((part) => isPickled(part, 'tensor'));
}
