import { nearest } from '@procache/core';
import { refuse, shownName } from '@procache/core/untrusted';
import type { Classes } from '@procache/model';

/** As many names as a message can list and still be read. */
const LISTED = 20;
/** The most classes that are drawn where none is asked for. */
const FEW = 10;
/** The longest word that is compared with the names of all classes. */
const LONGEST = 80;

/**
 * The classes of some words, each a number (`7`, `'7'`) or any one of a class's names; the label for "no class" may be
 * asked for by its number.
 *
 * Without words all classes of a model that has few, else the first. `place` begins the messages.
 *
 * @throws {ProCacheError} `invalid-input` for a name that no class has, or several have, and for a number that is no
 * label.
 */
export function classesOf(
  words: readonly (number | string)[] | 'all' | undefined,
  classes: Classes,
  place: string,
): readonly number[] {
  if (words === 'all' || (words === undefined && classes.count <= FEW))
    return Array.from({ length: classes.count }, (_, label) => label);
  if (words === undefined) return [0];
  const lookUp: LookUp = { classes, labels: labelsByName(classes), place };
  return words.map((word) => (typeof word === 'number' ? labelNumbered(word, lookUp) : labelOf(word.trim(), lookUp)));
}

/** What people call a class: its first name, or its number where it has none. */
export function nameOfClass(label: number, { names, unconditional }: Classes): string {
  return names?.[label]?.[0] ?? (label === unconditional ? 'no class' : String(label));
}

/** What a model takes, for messages: `labels are 0 to 9 (t-shirt, trouser, ...), or 10 for no class`. */
export function takenClasses({ count, names = [], unconditional }: Classes): string {
  const first = names.slice(0, count).flatMap((ofClass) => ofClass.slice(0, 1));
  const listed =
    first.length > 0 && first.length <= LISTED ? ` (${first.map((name) => shownName(name)).join(', ')})` : '';
  const none = unconditional === undefined ? '' : `, or ${unconditional} for no class`;
  return `labels are 0 to ${count - 1}${listed}${none}`;
}

/** The classes of a model for people: `10, and 10 for none: t-shirt, trouser, ...`. */
export function describeClasses(classes: Classes): string {
  const { count, names, unconditional } = classes;
  const none = unconditional === undefined ? 'none without a class' : `${unconditional} for none`;
  const listed =
    names && count <= LISTED
      ? `: ${Array.from({ length: count }, (_, label) => nameOfClass(label, classes)).join(', ')}`
      : '';
  const guess = guessOfClasses(classes);
  return `${count}, and ${none}${listed}` + (guess === undefined ? '' : ` (${guess})`);
}

/** What is to be known of a model whose number of classes is a guess. */
export function guessOfClasses({ guessed, count }: Classes): string | undefined {
  if (!guessed) return undefined;
  return (
    `row ${count} of its label table is taken for "no class"; ` +
    `if it is a class, say "num_classes": ${count + 1} in the config`
  );
}

/** The labels of the classes that have a name, under its plain form. */
type LabelsByName = ReadonlyMap<string, readonly number[]>;

interface LookUp {
  readonly classes: Classes;
  readonly labels: LabelsByName;
  readonly place: string;
}

function labelsByName({ names = [] }: Classes): LabelsByName {
  const labels = new Map<string, number[]>();
  names.forEach((ofClass, label) => {
    for (const name of new Set(ofClass.map(plain))) labels.set(name, [...(labels.get(name) ?? []), label]);
  });
  return labels;
}

/** Of several classes those whose name is spelt just so, if any are: ImageNet has a dog "Cardigan" and a "cardigan". */
function spelt(word: string, found: readonly number[], { names }: Classes): readonly number[] {
  const exact = found.filter((label) => names![label]!.some((name) => name.normalize('NFC') === word.normalize('NFC')));
  return exact.length > 0 ? exact : found;
}

function plain(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

function labelOf(word: string, lookUp: LookUp): number {
  const { classes, labels, place } = lookUp;
  if (/^\d+$/.test(word)) return labelNumbered(word, lookUp);
  const found = spelt(word, labels.get(plain(word)) ?? [], classes);
  if (found.length === 1) return found[0]!;
  return refuse(place, problemOf(word, found, lookUp), 'invalid-input');
}

function problemOf(word: string, found: readonly number[], { classes, labels }: LookUp): string {
  if (found.length > 1) return ambiguous(word, found, classes);
  if (word === '') return `there is an empty label in the list; ${takenClasses(classes)}`;
  if (labels.size === 0)
    return `'${shownName(word)}' is no label, as the classes of this model have no names; ${takenClasses(classes)}`;
  const all = [...new Set(classes.names?.flat())];
  const near = nearest(word.slice(0, LONGEST), all).slice(0, LISTED);
  const listed = near.map((name) => shownName(name)).join(', ');
  return `there is no class '${shownName(word)}'; nearest first: ${listed}${near.length < all.length ? ', ...' : ''}`;
}

/** A class by its number, in digits where that may be larger than numbers are exact. */
function labelNumbered(number: number | string, { classes, place }: LookUp): number {
  const label = Number(number);
  const isClass = Number.isInteger(label) && label >= 0 && label < classes.count;
  if (isClass || label === classes.unconditional) return label;
  const guess = guessOfClasses(classes);
  return refuse(
    place,
    `label ${shownName(String(number))} is outside the model's ${classes.count} ` +
      `classes${guess === undefined ? '' : ` (${guess})`}; ${takenClasses(classes)}`,
    'invalid-input',
  );
}

function ambiguous(word: string, found: readonly number[], { names }: Classes): string {
  const listed = found.slice(0, LISTED).map((label) => `${label} (${shownName(names![label]!.join(', '))})`);
  return (
    `'${shownName(word)}' is the name of ${found.length} classes; give the number of the one that is meant: ` +
    `${listed.join(', ')}${found.length > LISTED ? ', ...' : ''}`
  );
}
