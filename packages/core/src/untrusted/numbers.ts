import { listOf, refuse } from './json-reader.ts';
import { shown } from './printable.ts';

// That what is handed over is of the right kind. Whether it makes sense is for whoever uses it to say.

/** Refuses what is not even a number. */
export function checkNumber(value: unknown, place: string): void {
  if (typeof value !== 'number') refuse(place, `${shown(value)} is not a number`, 'invalid-input');
}

/** Refuses what is no list of numbers. */
export function checkNumbers(values: unknown, place: string): void {
  for (const { value, place: at } of listOf({ value: values, place, code: 'invalid-input' })) checkNumber(value, at);
}

/** Refuses what is no array of float32 numbers. */
export function checkFloats(values: unknown, place: string, shape = '[images, channels, height, width]'): void {
  if (Object.prototype.toString.call(values) !== '[object Float32Array]') {
    refuse(place, `${shown(values)} is no Float32Array; pass one of ${shape}`, 'invalid-input');
  }
}

/** Refuses a switch that is neither on nor off; it may be left out. */
export function checkSwitch(value: unknown, place: string): void {
  if (value !== undefined && typeof value !== 'boolean')
    refuse(place, `${shown(value)} is neither true nor false`, 'invalid-input');
}
