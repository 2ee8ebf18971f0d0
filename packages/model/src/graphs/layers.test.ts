import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import { inlineWeight, type Linear } from '../onnx/weight.ts';
import { interpret } from '../testing/onnx-interpreter.ts';
import { at, filled, type PlainTensor, tensor } from '../testing/plain-tensor.ts';
import {
  attend,
  attentionReceived,
  entry,
  exactGelu,
  gelu,
  jointly,
  layerNorm,
  linear,
  lookUp,
  modulate,
  scaledNorm,
  silu,
} from './layers.ts';

/** What a graph makes of some tensors. */
async function made(
  inputs: Readonly<Record<string, PlainTensor>>,
  write: (g: GraphBuilder, values: Readonly<Record<string, Value>>) => Value | readonly Value[],
): Promise<readonly PlainTensor[]> {
  const g = new GraphBuilder('layer');
  const values = Object.entries(inputs).map(([name, { dims }]) => [name, g.input(name, 'float32', dims)] as const);
  const outputs = [write(g, Object.fromEntries(values))].flat() as readonly Value[];
  outputs.forEach((value, i) => g.output(`output ${i}`, value, dimsOf(value, i)));
  return Object.values((await interpret(g.build()))(inputs));
}

/** Extents that may be whatever comes. */
const dimsOf = (_: Value, i: number) => Array.from({ length: ranks[i] ?? ranks[0]! }, (_, axis) => `${i} ${axis}`);
let ranks: readonly number[] = [2];
const ofRanks = (...each: readonly number[]): void => void (ranks = each);

const numbers = (dims: readonly number[], seed = 1): PlainTensor => {
  let state = seed;
  return filled(dims, () => Math.fround(((state = (state * 16807) % 2147483647) / 2147483647) * 4 - 2));
};
const layer = (out: number, inner: number): Linear => ({
  weight: inlineWeight(Float32Array.from(numbers([out, inner], 7).data), [out, inner]),
  bias: inlineWeight(Float32Array.from(numbers([out], 9).data), [out]),
});
const close = (one: PlainTensor, other: PlainTensor): void => {
  expect(one.dims).toEqual(other.dims);
  one.data.forEach((value, i) => expect(value).toBeCloseTo(other.data[i]!, 6));
};

describe('layers', () => {
  it('multiply rows by a weight of torch', async () => {
    ofRanks(2);
    const x = numbers([3, 4]);
    const own = layer(2, 4);
    const [y] = await made({ x }, (g, { x }) => linear(g, x!, own));
    const weight = own.weight.kind === 'inline' ? own.weight.data : [];
    const bias = own.bias.kind === 'inline' ? own.bias.data : [];
    close(
      y!,
      filled([3, 2], ([row, out]) =>
        [0, 1, 2, 3].reduce((sum, i) => sum + at(x, [row!, i]) * weight[out! * 4 + i]!, bias[out!]!),
      ),
    );
  });

  it('normalise over the last axis, plainly and with a scale and a shift', async () => {
    ofRanks(3, 3);
    const x = tensor([1, 2, 3], [1, 2, 6, -1, 0, 1]);
    const own = {
      weight: inlineWeight(Float32Array.of(1, 2, 3), [3]),
      bias: inlineWeight(Float32Array.of(4, 5, 6), [3]),
    };
    const [plain, scaled] = await made({ x }, (g, { x }) => [layerNorm(g, x!, 3, 0.5), scaledNorm(g, x!, own, 0.5)]);
    const normed = [-2, -1, 3].map((d) => d / Math.sqrt(14 / 3 + 0.5));
    expect([...plain!.data.subarray(0, 3)].map((v) => v.toFixed(6))).toEqual(normed.map((v) => v.toFixed(6)));
    normed.forEach((value, i) => expect(scaled!.data[i]).toBeCloseTo(value * (i + 1) + i + 4, 6));
  });

  it('shift and scale each image by its own vectors', async () => {
    ofRanks(3, 3);
    const [x, stack] = [numbers([2, 3, 4]), numbers([2, 5, 4], 3)];
    const [y, second] = await made({ x, stack }, (g, { x, stack }) => [
      modulate(g, x!, entry(g, stack!, 3), entry(g, stack!, 4)),
      entry(g, stack!, 1),
    ]);
    close(
      y!,
      filled([2, 3, 4], ([i, t, d]) => at(x, [i!, t!, d!]) * (1 + at(stack, [i!, 4, d!])) + at(stack, [i!, 3, d!])),
    );
    close(
      second!,
      filled([2, 1, 4], ([i, , d]) => at(stack, [i!, 1, d!])),
    );
  });

  it('have the activations of torch', async () => {
    ofRanks(1, 1, 1);
    const x = tensor([4], [-1, 0, 0.5, 3]);
    const [s, t, e] = await made({ x }, (g, { x }) => [silu(g, x!), gelu(g, x!), exactGelu(g, x!)]);
    // torch.nn.functional.silu, gelu(approximate='tanh'), gelu
    [-0.2689414, 0, 0.3112297, 2.8577223].forEach((value, i) => expect(s!.data[i]).toBeCloseTo(value, 6));
    [-0.158808, 0, 0.345714, 2.9963627].forEach((value, i) => expect(t!.data[i]).toBeCloseTo(value, 6));
    [-0.1586553, 0, 0.3457312, 2.9959503].forEach((value, i) => expect(e!.data[i]).toBeCloseTo(value, 6));
  });

  it('look rows up in a table', async () => {
    ofRanks(2);
    const g = new GraphBuilder('table');
    const which = g.input('which', 'int64', ['rows']);
    g.output('found', lookUp(g, inlineWeight(Float32Array.of(1, 2, 3, 4), [2, 2]), which), ['rows', 2]);
    const { found } = (await interpret(g.build()))({ which: tensor([3], [1, 0, 1]) });
    expect([...found!.data]).toEqual([3, 4, 1, 2, 3, 4]);
  });

  it('evaluate lists of rows jointly, empty ones among them', async () => {
    const own = layer(3, 2);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }), async (counts) => {
        ofRanks(...counts.map(() => 2));
        const parts = Object.fromEntries(counts.map((count, i) => [`part ${i}`, numbers([count, 2], i + 1)]));
        const together = await made(parts, (g, values) =>
          jointly(g, Object.values(values), (rows) => linear(g, rows, own)),
        );
        for (const [i, part] of Object.values(parts).entries()) {
          ofRanks(2);
          const [alone] = await made({ part }, (g, { part }) => linear(g, part!, own));
          close(together[i]!, alone!);
        }
      }),
      { numRuns: 30 },
    );
  });
});

/** Attention of each head by its definition; `bias`: [images, keys]. */
function attention(
  q: PlainTensor,
  k: PlainTensor,
  v: PlainTensor,
  { images, heads, bias }: { images: number; heads: number; bias?: PlainTensor | undefined },
): { readonly output: PlainTensor; readonly map: PlainTensor } {
  const width = q.dims[1]!;
  const [queries, keys, depth] = [q.dims[0]! / images, k.dims[0]! / images, width / heads];
  const map = filled([images, heads, queries, keys], () => 0);
  const output = filled([images * queries, width], ([row, d]) => {
    const [image, head] = [Math.floor(row! / queries), Math.floor(d! / depth)];
    const logits = Array.from({ length: keys }, (_, key) => {
      let product = 0;
      for (let e = head * depth; e < (head + 1) * depth; e++)
        product += at(q, [row!, e]) * at(k, [image * keys + key, e]);
      return product / Math.sqrt(depth) + (bias ? at(bias, [image, key]) : 0);
    });
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    return logits.reduce((sum, logit, key) => {
      const share = Math.exp(logit) / total;
      map.data[((image * heads + head) * queries + (row! % queries)) * keys + key] = share;
      return sum + share * at(v, [image * keys + key, d!]);
    }, 0);
  });
  return { output, map };
}

describe('attend', () => {
  it('is attention, of as many queries and keys as there are', async () => {
    const cases = fc.record({
      images: fc.integer({ min: 1, max: 3 }),
      heads: fc.integer({ min: 1, max: 3 }),
      queries: fc.integer({ min: 1, max: 4 }),
      keys: fc.integer({ min: 1, max: 5 }),
      padded: fc.boolean(),
      counted: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ images, heads, queries, keys, padded, counted }) => {
        const width = heads * 2;
        const [q, k, v] = [
          numbers([images * queries, width], 1),
          numbers([images * keys, width], 2),
          numbers([images * keys, width], 3),
        ];
        // of image i all keys but the first i + 1 are padding
        const bias = padded ? filled([images, keys], ([i, key]) => (key! > i! ? -10_000 : 0)) : undefined;
        const shaped = bias && tensor([images, 1, 1, keys], bias.data);
        const rows = filled([images, queries], () => 0); // whose extents are read
        ofRanks(2, 4, 2);
        const [output, map, received] = await made(
          { q, k, v, ...(shaped && { bias: shaped }), ...(!counted && { rows }) },
          (g, values) => {
            const result = attend(g, [values['q']!, values['k']!, values['v']!], {
              heads,
              width,
              keys,
              queries: counted ? queries : g.op('Shape', [values['rows']!]),
              bias: values['bias'],
            });
            return [result.output, result.map, attentionReceived(g, result.map, heads)];
          },
        );
        const expected = attention(q, k, v, { images, heads, bias });
        close(output!, expected.output);
        close(map!, expected.map);
        const share = (place: readonly number[]) => at(expected.map, place) / heads;
        close(
          received!,
          filled([images, keys], ([image, key]) => {
            let sum = 0;
            for (let head = 0; head < heads; head++)
              for (let query = 0; query < queries; query++) sum += share([image!, head, query, key!]);
            return sum;
          }),
        );
      }),
      { numRuns: 60 },
    );
  });
});
