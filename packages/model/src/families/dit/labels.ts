import { type Condition, ProCacheError } from '@procache/core';
import type { Classes, ModulationRows } from '../../model.ts';
import type { DitConfig } from './config.ts';
import { LABELS, TIMESTEPS } from './emitter.ts';
import { timestepEmbeddings } from '../parts/timesteps.ts';

/**
 * Refuses conditions that are no classes of the model.
 *
 * @throws {ProCacheError} `invalid-input`, with the classes that there are.
 */
export function checkLabels(
  { count, unconditional }: Classes,
  conditions: readonly Condition[],
): asserts conditions is readonly number[] {
  const wrong = conditions.find((condition) => !isClass(condition, count) && condition !== unconditional);
  if (wrong === undefined && conditions.length > 0) return;
  const none = unconditional === undefined ? '' : `, or ${unconditional} for no class`;
  throw new ProCacheError('invalid-input', `${problemOf(wrong, count)}; labels are 0 to ${count - 1}${none}`);
}

function problemOf(wrong: Condition | undefined, count: number): string {
  if (wrong === undefined) return 'there is no label';
  if (typeof wrong !== 'number') return 'the model draws classes, not texts';
  return `label ${wrong} is outside the model's ${count} classes`;
}

function isClass(condition: Condition, count: number): boolean {
  return typeof condition === 'number' && Number.isInteger(condition) && condition >= 0 && condition < count;
}

/** A row for each timestep and label, all labels of the first timestep first. */
export function modulationRows(
  { takes, frequencies, frequencyShift }: DitConfig,
  timesteps: readonly number[],
  conditions: readonly Condition[],
): ModulationRows {
  checkLabels(takes, conditions);
  const rows = timesteps.length * conditions.length;
  const embedded = timesteps.flatMap((timestep) => conditions.map(() => timestep));
  const labels = timesteps.flatMap(() => conditions);
  return {
    rows,
    inputs: {
      [TIMESTEPS]: {
        type: 'float32',
        data: timestepEmbeddings(embedded, frequencies, frequencyShift),
        shape: [rows, frequencies],
      },
      [LABELS]: { type: 'int64', data: BigInt64Array.from(labels, BigInt), shape: [rows] },
    },
    rowOf: (step, condition) => step * conditions.length + condition,
  };
}
