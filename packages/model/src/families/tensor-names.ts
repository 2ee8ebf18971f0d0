import { ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import type { Checkpoint, StoredTensor } from '../checkpoint/checkpoint.ts';

/**
 * How many blocks a checkpoint holds, by the numbers in `<prefix>.<number>.`.
 *
 * @throws {ProCacheError} `invalid-model` where they do not run from 0 without a gap.
 */
export function blockCount({ tensors }: Checkpoint, prefix: string): number {
  const starts = new RegExp(`^${prefix}\\.(0|[1-9]\\d{0,8})\\.`);
  const found = [...tensors.keys()].map((name) => starts.exec(name)?.[1]).filter((number) => number !== undefined);
  const numbers = [...new Set(found.map(Number))].sort((a, b) => a - b);
  const gap = numbers.findIndex((number, i) => number !== i);
  if (gap < 0) return numbers.length;
  const missing = numbers.flatMap((number, i): Range[] => {
    const next = i === 0 ? 0 : numbers[i - 1]! + 1;
    return next < number ? [[next, number - 1]] : [];
  });
  throw new ProCacheError(
    'invalid-model',
    `the file holds blocks ${listOfRanges(rangesOf(numbers))}, but no ${listOfRanges(missing)}; ` +
      `it is not a complete checkpoint, download it again`,
  );
}

type Range = readonly [first: number, last: number];

function rangesOf(numbers: readonly number[]): readonly Range[] {
  const starts = numbers.filter((number, i) => i === 0 || numbers[i - 1] !== number - 1);
  const ends = numbers.filter((number, i) => numbers[i + 1] !== number + 1);
  return starts.map((start, i) => [start, ends[i]!]);
}

/** `0, 1 and 3 to 27` */
function listOfRanges(ranges: readonly Range[]): string {
  const words = ranges.flatMap(([first, last]) =>
    last - first > 1 ? [`${first} to ${last}`] : last > first ? [`${first}`, `${last}`] : [`${first}`],
  );
  if (words.length > 8) return `${words.slice(0, 7).join(', ')} and ${words.length - 7} more`;
  return words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} and ${words.at(-1)!}`;
}

/**
 * Checks that a checkpoint has the tensors that a family's formula takes, and no other that could change an image.
 *
 * A tensor that is left over says that the model computes something else. Where all blocks lack the same, it is
 * another kind of model too; where one block lacks something, the file is damaged. What is `unused` may be there: the
 * family knows that it changes nothing.
 *
 * @throws {ProCacheError} `invalid-model`, with the first names and how many there are.
 */
export function checkNames(
  { tensors }: Checkpoint,
  needed: ReadonlySet<string>,
  family: string,
  unused: readonly string[] = [],
): void {
  const missing = [...needed].filter((name) => !tensors.has(name));
  const modules = new Set([...needed].map(moduleOf));
  const left = [...tensors.values()]
    .filter((tensor) => !needed.has(tensor.name) && !unused.includes(tensor.name) && !isHarmless(tensor, modules))
    .map(({ name }) => name);
  if (missing.length === 0 && left.length === 0) return;
  if (left.length === 0 && !areMissingThroughout(missing, needed)) {
    throw new ProCacheError(
      'invalid-model',
      `${named(missing)} missing; the file is not a complete ${family} checkpoint, download it again`,
    );
  }
  const has = left.length > 0 ? [`has ${some(left)}, which the arithmetic of a ${family} does not use`] : [];
  const lacks = missing.length > 0 ? [`lacks ${some(missing)}`] : [];
  throw new ProCacheError(
    'invalid-model',
    `the file ${[...has, ...lacks].join(', and ')}: it is another kind of ${family}, which is not supported`,
  );
}

/** Whether names are missing on purpose: of each the like in every block, or a bias whose weight is there. */
function areMissingThroughout(missing: readonly string[], needed: ReadonlySet<string>): boolean {
  const [lacking, all] = [countsOf(missing), countsOf(needed)];
  const names = new Set(missing);
  return missing.every((name) => {
    const blocks = all.get(likeOf(name))!;
    if (lacking.get(likeOf(name)) !== blocks) return false;
    return blocks > 1 || (name.endsWith('.bias') && !names.has(name.replace(/bias$/, 'weight')));
  });
}

/** A name without the number of its block. */
function likeOf(name: string): string {
  return name.replace(/\.\d+\./, '.#.');
}

function countsOf(names: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(likeOf(name), (counts.get(likeOf(name)) ?? 0) + 1);
  return counts;
}

/** `blocks.0.mlp.w12.weight, blocks.0.mlp.w3.weight and 54 more tensors` */
function some(names: readonly string[]): string {
  const few = names.length <= 3 ? names : names.slice(0, 2);
  const rest = names.length - few.length;
  const listed = few.map((name) => shownName(name)).join(', ');
  return rest > 0 ? `${listed} and ${rest} more tensors` : listed;
}

function named(names: readonly string[]): string {
  return names.length === 1 ? `tensor ${some(names)} is` : `tensors ${some(names)} are`;
}

/** Numbers that training keeps beside the weights, one each. */
const COUNTERS = new Set([
  ...[
    'decay',
    'num_updates',
    'n_averaged',
    'initted',
    'step',
    'steps',
    'global_step',
    'iteration',
    'epoch',
    'num_batches_tracked',
  ],
  ...['ema_decay', 'ema_step', 'ema_num_updates', 'optimization_step', 'loss_scale'],
]);

/**
 * Whether a tensor is known not to change an image: a counter, the table of positions that diffusers computes anew, or
 * the frequencies of the timestep embedding, which follow from its width. (`freqs` elsewhere are those of rotary
 * positions, which do change it.) What is not stored as plain numbers, such as a sparse table, and is in none of
 * the model's modules, is none of its weights.
 */
function isHarmless({ name, shape, unread }: StoredTensor, modules: ReadonlySet<string>): boolean {
  const last = name.slice(name.lastIndexOf('.') + 1);
  if (unread !== undefined && !modules.has(moduleOf(name))) return true;
  if (COUNTERS.has(last)) return shape.every((extent) => extent === 1);
  if (name === 'freqs') return shape.length === 1 && shape[0] === 128; // half of the 256 of all published ones
  return (
    name === 'pos_embed.pos_embed' || /(^|\.)(t_embedder|timestep_embedder|time_proj)\.(freqs|frequencies)$/.test(name)
  );
}

/** The first part of a name. */
function moduleOf(name: string): string {
  return name.split('.', 1)[0]!;
}
