import { type Candidate, candidateOf } from './candidates.ts';
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
export function dotlessAverage(model: Candidate, left: readonly string[]): Candidate | undefined {
  if (!model.marked) return undefined;
  const candidates = averagesAmong(left).flatMap((key) => {
    return Array.from({ length: deepest + 1 }, (_, depth) => ({ prefix: `${key}.`, names: averagedNames(model, key, depth, new Set(left)) }));
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

/** The model's names to those of their averages, if these are written without the first `depth` parts and without dots. */
function averagedNames({ names }: Candidate, key: string, depth: number, left: ReadonlySet<string>): ReadonlyMap<string, string> {
  const averaged = [...names].map(([name, original]): [string, string] => [name, `${key}.${original.split('.').slice(depth).join('')}`]);
  return new Map(averaged.filter(([, name]) => left.has(name)));
}
