import { type Condition, nearest, ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import type { Classes } from '@procache/model';
import { MOST_IMAGES } from './values.ts';

/** As many names as a message can list and still be read. */
const LISTED = 20;
/** The most classes that are drawn where none is asked for. */
const FEW = 10;
/** The longest word that is compared with the names of all classes. */
const LONGEST = 80;

/**
 * The labels that a list names, such as `1,7`, `bag, ankle boot` or `all`; each part of a class's names is one. The
 * label for "no class" may be asked for by its number.
 *
 * Without a list all classes of a model that has few, else the first.
 *
 * @throws {ProCacheError} `invalid-input` for a name that no class has, or several have, and for a number that is no
 * label.
 */
export function labelsOf(list: string | undefined, labels: Classes): readonly number[] {
  const all = () => Array.from({ length: labels.count }, (_, label) => label);
  if (list === undefined) return labels.count <= FEW ? all() : [0];
  const words = list.split(',').map((word) => word.trim());
  if (words.length === 1 && words[0]!.toLowerCase() === 'all') return all();
  const byName = labelsByName(labels);
  return words.map((word) => labelOf(word, labels, byName));
}

/** The labels of images that are drawn together: those of `labelsOf`, unless they are more than fit a batch. */
export function labelsOfBatch(list: string | undefined, labels: Classes): readonly number[] {
  const found = labelsOf(list, labels);
  if (found.length <= MOST_IMAGES) return found;
  throw unknown(
    `these are ${found.length} images, and at most ${MOST_IMAGES} are drawn together; draw them one part after another`,
  );
}

/** What people call a label: its first name, or its number where it has none. */
export function nameOfLabel(label: Condition, { names, unconditional }: Classes): string {
  if (typeof label !== 'number') return 'a text';
  return names?.[label]?.[0] ?? (label === unconditional ? 'no class' : String(label));
}

/** What a model takes, for messages: `labels are 0 to 9 (t-shirt, trouser, ...), or 10 for no class`. */
export function takenLabels({ count, names = [], unconditional }: Classes): string {
  const first = names.slice(0, count).flatMap((ofClass) => ofClass.slice(0, 1));
  const listed =
    first.length > 0 && first.length <= LISTED ? ` (${first.map((name) => shownName(name)).join(', ')})` : '';
  const none = unconditional === undefined ? '' : `, or ${unconditional} for no class`;
  return `labels are 0 to ${count - 1}${listed}${none}`;
}

/** What is to be known of a model whose number of classes is a guess. */
export function guessOf({ guessed, count }: Classes): string | undefined {
  if (!guessed) return undefined;
  return (
    `row ${count} of its label table is taken for "no class"; ` +
    `if it is a class, say "num_classes": ${count + 1} in the config`
  );
}

/**
 * A warning where the guess is doubtful: tables of 10, 100 or 1000 rows are mostly those of as many classes, of a model
 * that was trained without "no class".
 */
export function doubtOf(labels: Classes): string | undefined {
  const guess = guessOf(labels);
  return guess === undefined || (labels.count + 1) % 10 !== 0
    ? undefined
    : `guidance leads away from "no class", and ${guess}`;
}

/** The labels of the classes that have a name, under its plain form. */
type ByName = ReadonlyMap<string, readonly number[]>;

function labelsByName({ names = [] }: Classes): ByName {
  const byName = new Map<string, number[]>();
  names.forEach((ofClass, label) => {
    for (const name of new Set(ofClass.map(plain))) byName.set(name, [...(byName.get(name) ?? []), label]);
  });
  return byName;
}

/** Of several classes those whose name is spelt just so, if any are: ImageNet has a dog "Cardigan" and a "cardigan". */
function spelt(word: string, found: readonly number[], { names }: Classes): readonly number[] {
  const exact = found.filter((label) => names![label]!.some((name) => name.normalize('NFC') === word.normalize('NFC')));
  return exact.length > 0 ? exact : found;
}

function plain(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

function labelOf(word: string, labels: Classes, byName: ByName): number {
  if (/^\d+$/.test(word)) return labelNumbered(word, labels);
  const found = spelt(word, byName.get(plain(word)) ?? [], labels);
  if (found.length === 1) return found[0]!;
  if (found.length > 1) throw unknown(ambiguous(word, found, labels));
  if (word === '') throw unknown(`there is an empty label in the list; ${takenLabels(labels)}`);
  if (byName.size === 0)
    throw unknown(
      `'${shownName(word)}' is no label, as the classes of this model have no names; ${takenLabels(labels)}`,
    );
  const all = [...new Set(labels.names?.flat())];
  const near = nearest(word.slice(0, LONGEST), all).slice(0, LISTED);
  const listed = near.map((name) => shownName(name)).join(', ');
  throw unknown(
    `there is no class '${shownName(word)}'; nearest first: ${listed}${near.length < all.length ? ', ...' : ''}`,
  );
}

function labelNumbered(digits: string, labels: Classes): number {
  const label = Number(digits);
  if (label < labels.count || label === labels.unconditional) return label;
  const guess = guessOf(labels);
  throw unknown(
    `label ${shownName(digits)} is outside the model's ${labels.count} ` +
      `classes${guess === undefined ? '' : ` (${guess})`}; ${takenLabels(labels)}`,
  );
}

function ambiguous(word: string, found: readonly number[], { names }: Classes): string {
  const listed = found.slice(0, LISTED).map((label) => `${label} (${shownName(names![label]!.join(', '))})`);
  return (
    `'${shownName(word)}' is the name of ${found.length} classes; give the number of the one that is meant: ` +
    `${listed.join(', ')}${found.length > LISTED ? ', ...' : ''}`
  );
}

function unknown(message: string): ProCacheError {
  return new ProCacheError('invalid-input', `--labels: ${message}`);
}
