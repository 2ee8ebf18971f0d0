import { elementCount } from './checkpoint.ts';
import { type Dictionary } from './dictionary.ts';
import { groupNames, type NameGroup } from './name-groups.ts';
import { isAverage, rankOf } from './weights-rank.ts';

/** Tensors of a file that may be the model: those of a dictionary, or those of it whose names begin alike. */
export interface CheckpointCandidate extends NameGroup {
  readonly dictionary: Dictionary;
  readonly average: boolean;
  /** The lowest is the best: see `rankOf`. */
  readonly rank: number;
}

/** What a file holds, divided into what may be the model and what is not. */
export interface Candidates {
  /** The preferred first. */
  readonly averages: readonly CheckpointCandidate[];
  readonly plain: readonly CheckpointCandidate[];
  /** Names in a dictionary that belong to no model in it. */
  readonly rest: ReadonlyMap<Dictionary, readonly string[]>;
}

/** Where there is a transformer, it is that; else all tensors, but for counters beside them. */
export function candidatesIn(dictionaries: readonly Dictionary[]): Candidates {
  const rest = new Map<Dictionary, readonly string[]>();
  const all = dictionaries.flatMap((dictionary) => {
    const { groups, rest: others } = groupNames(dictionary.shapes.keys());
    rest.set(dictionary, others);
    return groups.map((group) => candidateOf(dictionary, group));
  });
  const models = all.filter(({ marked }) => marked);
  const noCounters = all.filter((each) => !holdsCountersOnly(each));
  const kept = models.length > 0 ? models : noCounters.length > 0 ? noCounters : all;
  const inOrder = kept.toSorted((a, b) => a.rank - b.rank); // stable: those of one rank stay as they are in the file
  return { averages: inOrder.filter(({ average }) => average), plain: inOrder.filter(({ average }) => !average), rest };
}

/** Names of a dictionary as a candidate: whether it is an average, and how good a guess it is. */
export function candidateOf(dictionary: Dictionary, group: NameGroup): CheckpointCandidate {
  const place = { path: dictionary.path, prefix: group.prefix };
  return { ...group, dictionary, average: isAverage(place), rank: rankOf(place, group.marked) };
}

function holdsCountersOnly({ names, dictionary }: CheckpointCandidate): boolean {
  return [...names.values()].every((name) => elementCount(dictionary.shapes.get(name)!) <= 1);
}
