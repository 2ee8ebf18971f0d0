/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../checkpoint/byte-source.ts';
import { openCheckpoint } from '../../checkpoint/open-checkpoint.ts';
import { readFloats } from '../../checkpoint/read-floats.ts';
import { positionTable } from './positions.ts';

describe('positionTable', () => {
  it('is the table that the original stores', async () => {
    const file = new URL('../../../../conformance/fixtures/dit/model.safetensors', import.meta.url);
    const { tensors } = await openCheckpoint(bytesSource('dit', new Uint8Array(readFileSync(file))));
    const stored = await readFloats(tensors.get('pos_embed')!);
    const table = positionTable([8, 8], 32);
    expect(table.length).toBe(stored.length);
    table.forEach((value, i) => expect(value).toBeCloseTo(stored[i]!, 6));
  });

  it('takes grids of any sides, whose coordinates may lie closer', () => {
    const [width, columns] = [8, 3];
    const table = positionTable([2, columns], width, [0.5, 0.25]);
    const token = (row: number, column: number) => [
      ...table.subarray((row * columns + column) * width).slice(0, width),
    ];
    const halves = (coordinate: number) =>
      [Math.sin(coordinate), Math.sin(coordinate / 100), Math.cos(coordinate), Math.cos(coordinate / 100)].map(
        Math.fround,
      );
    expect(token(1, 2)).toEqual([...halves(0.5), ...halves(0.5)]);
    expect(token(1, 0)).toEqual([...halves(0), ...halves(0.5)]);
    expect(token(0, 1)).toEqual([...halves(0.25), ...halves(0)]);
  });
});
