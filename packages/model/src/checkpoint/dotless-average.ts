import { type CheckpointCandidate, candidateOf } from './candidates.ts';
import { isAverageKey } from './weights-rank.ts';

/** A module may stand this deep in the one that holds its average. */
const deepest = 3;
/** And there may be this many averages. */
const mostAverages = 4;

/**
 * The average that latent-diffusion's LitEma keeps beside a model, where there is one: buffers of a module, whose names
 * may have no dots, so `model.net.blocks.0.weight` is averaged in `model_ema.netblocks0weight`.
 *
 * `left` are the names of the dictionary that belong to no model.
 */
export function dotlessAverage(model: CheckpointCandidate, left: readonly string[]): CheckpointCandidate | undefined {
  if (!model.marked) return undefined;
  const buffers = new Set(left);
  const depths = Array.from({ length: deepest + 1 }, (_, depth) => depth);
  const candidates = averagesAmong(left).flatMap((key) => {
    return depths.map((depth) => ({ prefix: `${key}.`, names: averagedNames(model, { key, depth }, buffers) }));
  });
  const [best] = candidates.filter(({ names }) => names.size > 0).sort((a, b) => b.names.size - a.names.size);
  return best && candidateOf(model.dictionary, { ...best, marked: true });
}

/** The first parts of names that are those of averages. */
function averagesAmong(names: readonly string[]): readonly string[] {
  const keys = new Set<string>();
  for (const name of names) {
    const key = name.slice(0, Math.max(0, name.indexOf('.')));
    if (keys.size < mostAverages && isAverageKey(key)) keys.add(key);
  }
  return [...keys];
}

interface Spelling {
  readonly key: string;
  /** The parts that are left out at the start. */
  readonly depth: number;
}

/** The model's names to those of their averages, if these are spelt so and are among the buffers. */
function averagedNames(
  { names }: CheckpointCandidate,
  { key, depth }: Spelling,
  buffers: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const averaged = new Map<string, string>();
  for (const [name, original] of names) {
    const buffer = `${key}.${original.split('.').slice(depth).join('')}`;
    if (buffers.has(buffer)) averaged.set(name, buffer);
  }
  return averaged;
}
