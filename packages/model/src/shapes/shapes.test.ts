import { costOf, planOf, procachePublished } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import { publishedShape, SHAPE_NAMES } from './published-shapes.ts';
import { randomWeights } from './random-weights.ts';
import { modelOfShape } from './shape-model.ts';

describe('modelOfShape', () => {
  it.each(SHAPE_NAMES)('opens %s', async (name) => {
    const { topology, takes, flavour, family } = await modelOfShape(name.toUpperCase());
    expect(topology.blocks).toHaveLength(/xl/.test(name) ? 28 : /-l/.test(name) ? 24 : 12);
    expect(topology.grid).toEqual(/512/.test(name) ? [32, 32] : [16, 16]);
    expect(flavour).toBe('original');
    expect(name).toMatch(new RegExp(`^${family}-`));
    expect(takes).toMatchObject(family === 'dit' ? { count: 1000 } : { tokens: 120, width: 4096 });
  });

  it('has the 675 million parameters of the paper', async () => {
    expect((await modelOfShape('dit-xl/2')).parameters / 1e6).toBeCloseTo(675, 0);
  });

  it('has the 611 million parameters of PixArt; its published schedule leaves 1 part in 2.75 of the work', async () => {
    const { parameters, cost, topology } = await modelOfShape('pixart-xl/2');
    expect(parameters / 1e6).toBeCloseTo(611, 0);
    const plan = planOf(procachePublished({ topology, steps: 20 }), topology);
    expect(costOf(plan, cost, 2).multiplyAddRatio).toBeCloseTo(2.75, 2); // 7 of 20 steps are computed
  });

  it('refuses other sizes by name', () => {
    expect(() => publishedShape('dit-m/2')).toThrow("shape: there is no size 'dit-m/2'; there are dit-s/2, dit-b/2, ");
    expect(() => publishedShape('toString')).toThrow('there is no size');
  });
});

describe('randomWeights', () => {
  const shapes = new Map([
    ['a', [3, 5]],
    ['b', [1024, 1024]], // the pool is laid out again behind it
    ['c', [40, 1024]],
  ]);

  it('are a checkpoint of those shapes, of numbers within 0.03, the same each time', async () => {
    const { pieces, bytes, header } = randomWeights(shapes);
    const read = (): Buffer => Buffer.concat([...pieces()]);
    const file = read();
    expect(file).toHaveLength(bytes);
    expect(file.subarray(0, header.length).equals(header)).toBe(true);
    expect(read().equals(file)).toBe(true);
    const { tensors } = await openCheckpoint(bytesSource('random.safetensors', file));
    expect(Array.from(tensors.values(), ({ name, shape }) => [name, shape])).toEqual([...shapes]);
    const values = await readFloats(tensors.get('c')!);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.03);
    expect(new Set(values).size).toBeGreaterThan(1000);
  });
});
