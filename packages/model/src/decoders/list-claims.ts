import { ProCacheError } from '@procache/core';
import { shown } from '@procache/core/untrusted';
import type { ConfigFields } from '../config/fields.ts';

/**
 * Refuses a config that says of the tensors what they do not, in fields that are lists of numbers.
 *
 * @throws {ProCacheError} `invalid-model`, with the field.
 */
export function checkLists(fields: ConfigFields, facts: Readonly<Record<string, readonly number[]>>): void {
  for (const [name, fact] of Object.entries(facts)) {
    const found = fields.find(name);
    if (!found || JSON.stringify(found.value) === JSON.stringify(fact)) continue;
    throw new ProCacheError(
      'invalid-model',
      `${found.place} is ${shown(found.value)}, but the tensors say [${fact.join(', ')}]; ` +
        `take the config that belongs to these weights`,
    );
  }
}
