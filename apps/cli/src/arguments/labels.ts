import { nearest, ProCacheError } from '@procache/core';
import type { Labels } from '@procache/model';

/** As many names as a message can list and still be read. */
const LISTED = 20;
/** The most classes that are drawn where none is asked for. */
const FEW = 10;

/**
 * The labels that a list names, such as `1,7`, `bag, ankle boot` or `all`.
 *
 * Without a list all classes of a model that has few, else the first.
 */
export function labelsOf(list: string | undefined, labels: Labels): readonly number[] {
  const all = Array.from({ length: labels.count }, (_, label) => label);
  if (list === undefined) return labels.count <= FEW ? all : [0];
  const words = list.split(',').map((word) => word.trim());
  if (words.length === 1 && words[0]!.toLowerCase() === 'all') return all;
  return words.map((word) => labelOf(word, labels));
}

/** What people call a label: its name, or its number where it has none. */
export function nameOfLabel(label: number, { names }: Labels): string {
  return names?.[label] ?? String(label);
}

/** What a model takes, for messages: `labels are 0 to 9: t-shirt, trouser, ...`. */
export function takenLabels({ count, names = [] }: Labels): string {
  const listed = names.length > 0 && names.length <= LISTED ? ` (${names.join(', ')})` : '';
  return `labels are 0 to ${count - 1}${listed}`;
}

function labelOf(word: string, labels: Labels): number {
  const { count, names } = labels;
  if (/^\d+$/.test(word)) {
    if (Number(word) < count) return Number(word);
    throw unknown(`label ${word} is outside the model's ${count} classes; ${takenLabels(labels)}`);
  }
  const found = names?.findIndex((name) => name.toLowerCase() === word.toLowerCase()) ?? -1;
  if (found >= 0) return found;
  if (word === '') throw unknown(`there is an empty label in the list; ${takenLabels(labels)}`);
  if (!names) throw unknown(`'${word}' is no label, as the classes of this model have no names; ${takenLabels(labels)}`);
  const near = nearest(word, names).slice(0, LISTED);
  throw unknown(`there is no class '${word}'; nearest first: ${near.join(', ')}${near.length < count ? ', ...' : ''}`);
}

function unknown(message: string): ProCacheError {
  return new ProCacheError('invalid-input', `--labels: ${message}`);
}
