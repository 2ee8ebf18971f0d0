import { listedNames } from '@procache/core/untrusted';
import { type CheckpointCandidate, candidatesIn, type Candidates } from './candidates.ts';
import { type CheckpointFile, type Dictionary } from './dictionary.ts';
import { dotlessAverage } from './dotless-average.ts';
import { quoted, refusalOf } from './refusal.ts';
import { placeInWords } from './weights-rank.ts';

/** The tensors that are taken for the model. */
export interface Weights {
  readonly taken: CheckpointCandidate;
  /** Where each tensor is, by its name in the model. */
  readonly places: ReadonlyMap<string, TensorPlace>;
  /** What was passed over, and why, as far as it matters: without full stops. */
  readonly notes: readonly string[];
}

/** Where one tensor is. */
export interface TensorPlace {
  readonly dictionary: Dictionary;
  /** In the dictionary. */
  readonly name: string;
}

/**
 * Chooses the weights to draw with: a transformer before other tensors, and an average before what it is the average
 * of.
 *
 * An average must have all tensors that the other weights have; else those are taken, with a note. Only what training
 * never changes may be missing, as many averages leave it out: it is taken from the other weights, as their own
 * code does. Nothing at all where the file holds no tensors.
 *
 * @throws {ProCacheError} where nothing tells which of several models is meant.
 */
export function chooseWeights(file: CheckpointFile): Weights | undefined {
  const candidates = candidatesIn(file.dictionaries);
  const [raw, second] = candidates.plain;
  const averages = averagesOf(candidates, raw);
  const tried = averages.map((average) => ({ average, missing: raw ? missingIn(average, raw) : [] }));
  const found = tried.find(({ missing }) => missing.every(isNeverTrained));
  if (found) {
    const { average, missing } = found;
    const borrowed =
      missing.length > 0
        ? [`with ${listedNames(missing, { write: quoted })} of ${nameOf(raw!)}, as averages leave it out`]
        : [];
    return {
      taken: average,
      places: placesOf(average, raw),
      notes: [...borrowed, ...besideNotes(candidates, average)],
    };
  }
  if (!raw) return undefined;
  if (second?.rank === raw.rank) throw severalModels(file, candidates.plain);
  const lacking = tried.map(({ average, missing }) => {
    const names = listedNames(missing, { most: 2, write: quoted });
    return `${nameOf(average)} lacks ${missing.length} of the ${raw.names.size} tensors (${names})`;
  });
  const nameless = file.nameless.map((key) => `${quoted(key)} does not name its tensors`);
  const reasons = lacking.length > 0 ? lacking : nameless;
  const notes = reasons.length > 0 ? [`not averaged: ${reasons.join(', ')}`] : [];
  return { taken: raw, places: placesOf(raw), notes: [...notes, ...besideNotes({ ...candidates, averages: [] }, raw)] };
}

function averagesOf(
  { averages, rest }: Candidates,
  raw: CheckpointCandidate | undefined,
): readonly CheckpointCandidate[] {
  if (averages.length > 0 || !raw) return averages;
  const dotless = dotlessAverage(raw, rest.get(raw.dictionary)!);
  return dotless ? [dotless] : [];
}

/** The names of tensors that an average lacks, or has in another shape. */
function missingIn(average: CheckpointCandidate, raw: CheckpointCandidate): readonly string[] {
  return [...raw.names].flatMap(([name, original]) => {
    const averaged = average.names.get(name);
    if (averaged === undefined) return [name];
    const shape = average.dictionary.shapes.get(averaged)!;
    return shape.join() === raw.dictionary.shapes.get(original)!.join() ? [] : [name];
  });
}

/** Tables of positions and frequencies, and counters. */
function isNeverTrained(name: string): boolean {
  return /(?:^|\.)(?:pos_embed|inv_freq|freqs|freqs_cis|freqs_cos|freqs_sin|num_batches_tracked)$/.test(name);
}

function placesOf(taken: CheckpointCandidate, lender?: CheckpointCandidate): ReadonlyMap<string, TensorPlace> {
  const places = new Map<string, TensorPlace>();
  for (const { names, dictionary } of [...(lender ? [lender] : []), taken]) {
    for (const [name, original] of names) places.set(name, { dictionary, name: original });
  }
  return places;
}

/** What else the file holds. */
function besideNotes({ averages, plain, rest }: Candidates, taken: CheckpointCandidate): readonly string[] {
  const others = [...averages, ...plain].filter((other) => other !== taken && other.marked);
  const left = rest.get(taken.dictionary)!.filter((name) => !isNameOf(taken, name));
  const tensors = left.length === 1 ? 'tensor' : 'tensors';
  return [
    ...(others.length > 0 ? [`passed over: ${others.slice(0, mostNamed).map(nameOf).join(', ')}`] : []),
    ...(left.length > 0
      ? [`${left.length} ${tensors} beside the model left out (${listedNames(left, { most: 2, write: quoted })})`]
      : []),
  ];
}

/** An average without dots takes its names out of the rest. */
function isNameOf({ prefix }: CheckpointCandidate, name: string): boolean {
  return prefix !== '' && name.startsWith(prefix);
}

const mostNamed = 4;

function severalModels(file: CheckpointFile, plain: readonly CheckpointCandidate[]): Error {
  const names = plain
    .filter(({ rank }) => rank === plain[0]!.rank)
    .slice(0, mostNamed)
    .map(nameOf);
  return refusalOf(file)(
    `it holds several sets of weights (${names.join(', ')}), and nothing tells which is meant; ` +
      'save one alone with torch.save(model.state_dict(), path)',
  );
}

function nameOf({ dictionary: { path }, prefix }: CheckpointCandidate): string {
  return placeInWords(path, prefix);
}
