import type { ModelFlags } from '../arguments/model-choice.ts';

/** What was found in a file, for people and for programs. */
export interface Inspection {
  readonly text: string;
  readonly object: object;
}

/** How a file is looked into. */
export interface InspectFlags extends Omit<ModelFlags, 'model'> {
  /** The model that a schedule is checked against. */
  readonly model?: string;
  /** Whether all tensors are listed. */
  readonly tensors?: boolean;
  /** Whether the weights are checked against the checksums that their file keeps. */
  readonly check?: boolean;
}

/** Where the values of `listOf` begin. */
export const COLUMN = 18;

/** Lines of a name and a value, the values below each other; what has no value is left out. */
export function listOf(entries: readonly (readonly [name: string, value: string | number | undefined])[]): string {
  return entries.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(COLUMN)}${value}`])).join('\n');
}
