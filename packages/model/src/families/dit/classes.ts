import { ProCacheError } from '@procache/core';
import { classNames } from '../../config/class-names.ts';
import type { ConfigFields } from '../../config/fields.ts';
import type { ConfigReading } from '../../config/model-config.ts';
import type { Classes } from '../../model.ts';

/** The most rows of a table of labels; the largest published ones have 1001, and 21 842. */
const MOST_ROWS = 1_000_000;

/**
 * The classes of a DiT whose table of labels has so many rows: one for each class, and mostly one more, the last, for
 * "no class". The config says which (`num_classes`, or a `class_dropout_prob` of 0); unless it does, the last row is.
 *
 * @throws {ProCacheError} `invalid-model` where the config says neither the rows nor one less.
 */
export function ditClasses({ model, classes: names }: ConfigReading, rows: number): Classes {
  if (rows > MOST_ROWS)
    throw new ProCacheError(
      'invalid-model',
      `the table of labels has ${rows} rows, more than the ${MOST_ROWS} that are supported`,
    );
  const told = classCount(model, rows);
  const count = told ?? Math.max(1, rows - 1);
  return {
    kind: 'classes',
    count,
    unconditional: rows > count ? count : undefined,
    guessed: told === undefined && rows > 1,
    names: classNames(names, rows),
  };
}

function classCount(fields: ConfigFields, rows: number): number | undefined {
  const counts = ['num_classes', 'num_embeds_ada_norm'].map((name) => countIn(fields, name, rows));
  return [...counts, countByDropout(fields.share('class_dropout_prob'), rows)].find((count) => count !== undefined);
}

function countIn(fields: ConfigFields, name: string, rows: number): number | undefined {
  const found = fields.find(name);
  const count = fields.integer(name, 0, MOST_ROWS);
  if (!found || count === undefined) return undefined;
  if (rows === 1 && count === 0) return 1; // the row for "no class" is all that there is
  if (count === rows || count === rows - 1) return count;
  throw new ProCacheError(
    'invalid-model',
    `${found.place} is ${count}, but the table of labels has ${rows} rows, one per class and at most one for ` +
      `"no class"; ` +
      `take the config that belongs to these weights`,
  );
}

/** A training that leaves out no label has no row for "no class". */
function countByDropout(dropout: number | undefined, rows: number): number | undefined {
  if (dropout === undefined) return undefined;
  return dropout === 0 ? rows : Math.max(1, rows - 1);
}
