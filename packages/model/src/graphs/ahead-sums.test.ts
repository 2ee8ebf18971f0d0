import type { BranchId } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import { decodeGraph, type DecodedNode } from '../testing/onnx-decoder.ts';
import { interpret } from '../testing/onnx-interpreter.ts';
import { at, filled, tensor } from '../testing/plain-tensor.ts';
import { AheadSums } from './ahead-sums.ts';

const branches: readonly BranchId[] = ['0.attn', '0.mlp', '1.mlp'];
const modules: readonly BranchId[] = ['0.attn', '0.mlp', '1.attn', '1.mlp'];

/** A graph of four modules, each of what the one before gave, three of which are added up; and the model's output. */
function graphOf(add: (g: GraphBuilder) => { take(branch: BranchId, feature: Value): void; finish(): void }) {
  const g = new GraphBuilder('ahead');
  const sums = add(g);
  let x = g.input('x', 'float32', ['images', 2, 3]);
  for (const branch of modules) {
    x = g.op('Sigmoid', [x]);
    sums.take(branch, x);
  }
  g.output('output', g.op('Add', [x, g.scalar(1)]), ['images', 2, 3]);
  sums.finish();
  return g.build();
}

const prepared = (g: GraphBuilder) =>
  new AheadSums(g, { tokens: 2, width: 3, entries: 0 }, branches, { lane: 0, run: 2 });

describe('AheadSums', () => {
  it('gives every sum of its branches, each with its own coefficients', async () => {
    const run = await interpret(graphOf(prepared));
    const x = tensor([1, 2, 3], [-2, -1, 0, 0.5, 1, 3]);
    const coefficients = filled([3, 2, 1, 1, 3], ([branch, sum, , , d]) => branch! + 10 * sum! + 0.1 * d!);
    const { 'ahead 2': sums } = run({ x, 'ahead coefficients 2': coefficients });
    const sigmoid = (value: number, times: number): number =>
      times === 0 ? value : sigmoid(1 / (1 + Math.exp(-value)), times - 1);
    const expected = filled([2, 1, 2, 3], ([sum, , token, d]) =>
      [1, 2, 4]
        .map((times, branch) => at(coefficients, [branch, sum!, 0, 0, d!]) * sigmoid(at(x, [0, token!, d!]), times))
        .reduce((a, b) => a + b),
    );
    expect(sums!.dims).toEqual(expected.dims);
    sums!.data.forEach((value, i) => expect(value).toBeCloseTo(expected.data[i]!, 12));
  });

  it('has features taken in as they come, in the order in which ONNX Runtime runs nodes', () => {
    expect(mostWaiting(decodeGraph(graphOf(prepared).bytes).nodes)).toBe(2);
    const plain = graphOf((g) => {
      let sum: Value | undefined;
      return {
        take(_, feature) {
          const product = g.op('Mul', [g.scalar(2), feature]);
          sum = sum === undefined ? product : g.op('Add', [sum, product]);
        },
        finish: () => g.output('sum', sum!, ['images', 2, 3]),
      };
    });
    expect(mostWaiting(decodeGraph(plain.bytes).nodes)).toBe(modules.length); // the order matters
  });
});

/** The most features at a time that are made and not yet multiplied. */
function mostWaiting(nodes: readonly DecodedNode[]): number {
  const waiting = new Set<string>();
  let most = 0;
  for (const { type, inputs, outputs } of inOrder(nodes)) {
    const isAdded = nodes.some((node) => node.type === 'Mul' && node.inputs.includes(outputs[0]!));
    if (type === 'Sigmoid' && isAdded) waiting.add(outputs[0]!);
    if (type === 'Mul') inputs.forEach((input) => waiting.delete(input));
    most = Math.max(most, waiting.size);
  }
  return most;
}

/** From the nodes that nobody reads, the last first: before a node what makes its inputs, the youngest first. */
function inOrder(nodes: readonly DecodedNode[]): readonly DecodedNode[] {
  const makerOf = new Map(nodes.flatMap((node, i) => node.outputs.map((output) => [output, i] as const)));
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const ordered: number[] = [];
  const visit = (i: number): void => {
    if (ordered.includes(i)) return;
    const makers = nodes[i]!.inputs.flatMap((input) => makerOf.get(input) ?? []);
    makers.sort((a, b) => b - a).forEach(visit);
    ordered.push(i);
  };
  const ends = nodes.flatMap(({ outputs }, i) => (outputs.some((output) => read.has(output)) ? [] : [i]));
  ends.reverse().forEach(visit);
  return ordered.map((i) => nodes[i]!);
}
