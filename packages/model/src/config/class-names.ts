import { type Placed, refuse, shown } from '@procache/core/untrusted';
import type { Classes } from '../model.ts';
import { type ConfigFields, wrong } from './fields.ts';

/** The most signs of a class's names; those of ImageNet have up to 130. */
const LONGEST = 500;

/**
 * What the classes are called: `id2label` as diffusers writes it, whose keys are labels, or `classes`, a list in the
 * order of the labels. Each part of `"great white shark, white shark"` is a name of the class.
 *
 * A class that no name is given for has none. Names of labels from `rows` on are passed over where they have keys.
 *
 * @throws {ProCacheError} `invalid-model`, with the file and the place, for what is neither.
 */
export function classNames(fields: ConfigFields, rows: number): Classes['names'] {
  const found = fields.find('id2label', 'classes');
  if (!found) return undefined;
  const names: string[][] = Array.from({ length: rows }, () => []);
  for (const [label, text] of Array.isArray(found.value) ? listed(found, found.value, rows) : keyed(found))
    names[label]?.push(...namesIn(text));
  return names.some((ofClass) => ofClass.length > 0) ? names : undefined;
}

type Named = readonly (readonly [label: number, text: Placed])[];

function listed({ place, code }: Placed, list: readonly unknown[], rows: number): Named {
  if (list.length > rows)
    refuse(
      place,
      `there are names of ${list.length} classes, but the model has ${rows}; ` +
        `take the config that belongs to these weights`,
      code,
    );
  return list.map((value, label) => [label, { value, place: `${place}[${label}]`, code }]);
}

function keyed(found: Placed): Named {
  const { value, place, code } = found;
  if (typeof value !== 'object' || value === null) return wrong(found, 'neither a list of names nor an object of them');
  return Object.entries(value).map(([key, text]: [string, unknown]) => {
    if (!/^\d+$/.test(key))
      refuse(place, `the key ${shown(key)} is no class number; its keys are the labels, "0", "1" and so on`, code);
    return [Number(key), { value: text, place: `${place}[${shown(key)}]`, code }];
  });
}

/** The names in a text, which commas part; the first is what the class is called. */
function namesIn({ value, place, code }: Placed): readonly string[] {
  if (value === null) return [];
  if (typeof value !== 'string') return refuse(place, `${shown(value)} is not a text`, code);
  if (value.length > LONGEST)
    refuse(place, `the name of a class has ${value.length} signs; it may have ${LONGEST}`, code);
  const parts = value.split(',').map((part) => part.trim());
  return [...new Set(parts.filter((part) => part !== ''))];
}
