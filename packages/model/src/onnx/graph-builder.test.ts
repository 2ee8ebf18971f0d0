import { describe, expect, it } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import type { StoredTensor } from '../checkpoint/checkpoint.ts';
import { decodeGraph } from '../testing/onnx-decoder.ts';
import { interpret } from '../testing/onnx-interpreter.ts';
import { tensor } from '../testing/plain-tensor.ts';
import { GraphBuilder } from './graph-builder.ts';
import { inlineWeight, rows, type Weight } from './weight.ts';

const numbers = Float32Array.of(1, -2, 3.5, 4, 5, -6.25);

/** A weight [3, 2] that lies in a file, behind 8 other bytes. */
function stored(type: 'F32' | 'F16' | 'BF16'): Weight {
  const width = type === 'F32' ? 4 : 2;
  const bytes = new Uint8Array(8 + numbers.length * width);
  const view = new DataView(bytes.buffer, 8);
  numbers.forEach((value, i) => {
    if (type === 'F32') view.setFloat32(i * 4, value, true);
    else view.setUint16(i * 2, type === 'BF16' ? bits(value) >> 16 : halfBits(value), true);
  });
  const source = { ...bytesSource('weights.bin', bytes), location: 'as the graph says' };
  const shape = [3, 2];
  const file: StoredTensor = { name: 'w', type, shape, strides: [2, 1], source, offset: 8 };
  return { kind: 'stored', tensor: file, first: 0, shape };
}

const bits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0]!;
/** Of a normal number whose last bits are 0. */
const halfBits = (value: number) =>
  ((bits(value) >> 16) & 0x8000) | ((((bits(value) >> 23) & 0xff) - 112) << 10) | ((bits(value) >> 13) & 0x3ff);

describe('GraphBuilder', () => {
  it('writes what is computed, under the names and with the extents that were asked for', async () => {
    const g = new GraphBuilder('sum');
    const a = g.input('a', 'float32', ['rows', 2]);
    const n = g.input('n', 'int64', ['rows']);
    g.output('sum', g.op('Add', [a, g.scalar(0.5)]), ['rows', 2]);
    g.output('picked', g.op('Gather', [a, n], { axis: 0 }), ['rows', 2]);
    const graph = g.build();
    expect(graph).toMatchObject({
      name: 'sum',
      inputs: [
        { name: 'a', type: 'float32', shape: ['rows', 2] },
        { name: 'n', type: 'int64', shape: ['rows'] },
      ],
      outputs: [{ name: 'sum' }, { name: 'picked' }],
      weightBytes: 0,
    });
    expect(decodeGraph(graph.bytes)).toMatchObject({
      inputs: [
        { name: 'a', type: 1, shape: ['rows', 2] },
        { name: 'n', type: 7, shape: ['rows'] },
      ],
      outputs: [
        { name: 'sum', shape: ['rows', 2] },
        { name: 'picked', shape: ['rows', 2] },
      ],
    });
    const run = await interpret(graph);
    const { sum, picked } = run({ a: tensor([2, 2], [1, 2, 3, 4]), n: tensor([2], [1, 1]) });
    expect([...sum!.data]).toEqual([1.5, 2.5, 3.5, 4.5]);
    expect([...picked!.data]).toEqual([3, 4, 3, 4]);
  });

  it('gives an input, and a value that is an output already, a name of its own', async () => {
    const g = new GraphBuilder('names');
    const a = g.input('a', 'float32', [1]);
    const twice = g.op('Add', [a, a]);
    for (const [name, value] of Object.entries({ same: a, twice, again: twice })) g.output(name, value, [1]);
    g.output('four', g.op('Add', [twice, twice]), [1]); // reads what has been renamed
    const outputs = (await interpret(g.build()))({ a: tensor([1], [3]) });
    expect(Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data[0]]))).toEqual({
      same: 3,
      twice: 6,
      again: 6,
      four: 12,
    });
  });

  it('holds each constant once', async () => {
    const g = new GraphBuilder('constants');
    const values = [g.integers(2), g.integers([2]), g.integers([2]), g.scalar(2), g.scalar(2), g.filled(2, 3)];
    expect(new Set(values).size).toBe(4);
    const sum = values.slice(3).reduce((a, b) => g.op('Add', [a, b]));
    g.output('sum', sum, [3]);
    g.output('place', g.op('Gather', [sum, values[1]!], { axis: 0 }), [1]);
    expect(decodeGraph(g.build().bytes).initializers.map(({ shape }) => shape)).toEqual([[], [1], [], [3]]);
    expect([...(await interpret(g.build()))({})['sum']!.data]).toEqual([6, 6, 6]);
  });

  it.each(['F32', 'F16', 'BF16'] as const)(
    'points to a weight of %s in its file, and counts it as floats',
    async (type) => {
      const g = new GraphBuilder('weights');
      const weight = stored(type);
      expect(g.weight(weight)).toBe(g.weight(weight));
      g.output('all', g.weight(weight), [3, 2]);
      g.output('last', g.weight(rows(weight, 2, 1)), [1, 2]);
      const graph = g.build();
      expect([...graph.files.keys()]).toEqual(['as the graph says']);
      expect(graph.weightBytes).toBe(4 * (6 + 2));
      const { nodes, initializers } = decodeGraph(graph.bytes);
      const width = type === 'F32' ? 4 : 2;
      expect(initializers.map(({ data }) => data)).toEqual([
        { location: 'as the graph says', offset: 8, length: 6 * width },
        { location: 'as the graph says', offset: 8 + 4 * width, length: 2 * width },
      ]);
      expect(nodes.filter((node) => node.type === 'Cast')).toHaveLength(type === 'F32' ? 0 : 2);
      const { all, last } = (await interpret(graph))({});
      expect([...all!.data]).toEqual([...numbers]);
      expect([...last!.data]).toEqual([5, -6.25]);
    },
  );

  it('puts a weight that lies in no file into the graph, and the same view of an array once', async () => {
    const g = new GraphBuilder('inline');
    const weight = inlineWeight(numbers, [3, 2]);
    expect(g.weight(weight)).toBe(g.weight(inlineWeight(numbers.subarray(0), [3, 2])));
    expect(g.weight(rows(weight, 1, 1))).not.toBe(g.weight(rows(weight, 2, 1)));
    g.output('middle', g.weight(rows(weight, 1, 1)), [1, 2]);
    const graph = g.build();
    expect(graph.files.size).toBe(0);
    expect(graph.weightBytes).toBe(4 * (6 + 2 + 2));
    expect([...(await interpret(graph))({})['middle']!.data]).toEqual([3.5, 4]);
  });

  it('cuts the first axis', async () => {
    const g = new GraphBuilder('parts');
    const parts = g.split(g.weight(inlineWeight(numbers, [3, 2])), g.integers([1, 0, 2]), 3);
    parts.forEach((part, i) => g.output(`part ${i}`, part, [`rows ${i}`, 2]));
    const outputs = (await interpret(g.build()))({});
    expect(Object.values(outputs).map(({ dims, data }) => [dims, [...data]])).toEqual([
      [
        [1, 2],
        [1, -2],
      ],
      [[0, 2], []],
      [
        [2, 2],
        [3.5, 4, 5, -6.25],
      ],
    ]);
  });
});

describe('the interpreter', () => {
  it('refuses what a runtime lets pass', async () => {
    const g = new GraphBuilder('strict');
    const a = g.input('a', 'float32', ['n', 2]);
    const b = g.input('b', 'float32', ['n']);
    g.output('a', g.op('Identity', [a]), ['n', 3]);
    g.output('b', b, ['n']);
    const run = await interpret(g.build());
    const [good, one] = [tensor([1, 2], [1, 2]), tensor([1], [1])];
    expect(() => run({ a: good })).toThrow('input b is missing');
    expect(() => run({ a: good, b: one, c: one })).toThrow('the graph has no input c');
    expect(() => run({ a: good, b: tensor([2], [1, 2]) })).toThrow('b is [2], and the graph says [n]');
    expect(() => run({ a: good, b: one })).toThrow('a is [1, 2], and the graph says [n, 3]');
    expect([...run({ a: good, b: one }, ['b'])['b']!.data]).toEqual([1]);
  });
});
