import { describePickled, isPickled, type Pickled, type TorchTensor } from './pickle-value.ts';
import { type Refuse } from './refusal.ts';

/** The weights of a model in what was pickled, and where in it they were. */
export interface TorchState {
  /** The key of the checkpoint that held them, or `top level`. */
  readonly key: string;
  readonly tensors: ReadonlyMap<string, TorchTensor>;
}

/** Where training scripts keep the weights, best first: the average that samples are drawn from leads. */
const stateKeys = ['ema', 'state_dict', 'model', 'module'] as const;
const parallelPrefix = 'module.';
/** As many keys as an error can list and still be read. */
const listedKeys = 8;

/**
 * The state dictionary to load: of a training checkpoint the first of `ema`, `state_dict`, `model`
 * and `module` that holds tensors, else the pickled dictionary itself.
 */
export function chooseState(root: Pickled, refuse: Refuse): TorchState {
  if (!(root instanceof Map)) {
    throw refuse(
      `the file holds ${describePickled(root)}, not a dictionary of tensors; save the weights alone with torch.save(model.state_dict(), path)`,
    );
  }
  for (const key of stateKeys) {
    const tensors = tensorsIn(root.get(key));
    if (tensors.size > 0) return { key, tensors: withoutParallelPrefix(tensors) };
  }
  const tensors = tensorsIn(root);
  if (tensors.size > 0) return { key: 'top level', tensors: withoutParallelPrefix(tensors) };
  const keys = [...root.keys()].slice(0, listedKeys).map((key) => (typeof key === 'string' ? `'${key}'` : describePickled(key)));
  throw refuse(
    `no dictionary of tensors was found, neither at the top nor under ${stateKeys.join(', ')}; the ${root.size} keys begin with ${keys.join(', ') || 'none'}; save the weights alone with torch.save(model.state_dict(), path)`,
  );
}

function tensorsIn(state: Pickled | undefined): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  if (!(state instanceof Map)) return tensors;
  for (const [key, value] of state) {
    if (typeof key === 'string' && isPickled(value, 'tensor')) tensors.set(key, value);
  }
  return tensors;
}

/** Names as they are without torch's wrapper for several GPUs, which puts `module.` before all of them. */
function withoutParallelPrefix(tensors: ReadonlyMap<string, TorchTensor>): ReadonlyMap<string, TorchTensor> {
  const names = [...tensors.keys()];
  if (!names.every((name) => name.startsWith(parallelPrefix) && name.length > parallelPrefix.length)) return tensors;
  return new Map([...tensors].map(([name, tensor]) => [name.slice(parallelPrefix.length), tensor]));
}
