import { at, axisOf, filled, type PlainTensor, sizeOf, spread, tensor } from './plain-tensor.ts';

/** What an operator is given besides tensors. */
export interface OperatorAttributes {
  number(name: string, otherwise?: number): number;
  numbers(name: string): readonly number[];
}

type Operator = (
  inputs: readonly PlainTensor[],
  attributes: OperatorAttributes,
  outputs: number,
) => readonly PlainTensor[];

const each =
  (value: (x: number) => number): Operator =>
  ([x]) => [tensor(x!.dims, x!.data.map(value))];

const together =
  (value: (a: number, b: number) => number): Operator =>
  ([a, b]) => [filled(spread(a!.dims, b!.dims), (place) => value(at(a!, place), at(b!, place)))];

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** The error function, by its Maclaurin series (Abramowitz and Stegun, 7.1.5); beyond 5 it is 1 but for 2e-12. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** The operators that graphs are written with, as ONNX and ONNX Runtime's contributions define them. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['Identity', ([x]) => [x!]],
  ['Cast', ([x]) => [x!]],
  ['Add', together((a, b) => a + b)],
  ['Sub', together((a, b) => a - b)],
  ['Mul', together((a, b) => a * b)],
  ['Div', together((a, b) => a / b)],
  ['Max', together(Math.max)],
  ['Sigmoid', each(sigmoid)],
  ['com.microsoft.FastGelu', each((x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))))],
  ['com.microsoft.Gelu', each((x) => 0.5 * x * (1 + erf(x / Math.SQRT2)))],
  ['Gemm', gemm],
  ['MatMul', matMul],
  ['Softmax', softmax],
  ['LayerNormalization', layerNormalization],
  ['ReduceSum', reduced((values) => values.reduce((sum, value) => sum + value, 0))],
  ['ReduceL2', reduced((values) => Math.hypot(...values))],
  ['Reshape', reshape],
  ['Transpose', transpose],
  ['Concat', concat],
  ['Split', split],
  ['Slice', slice],
  ['Gather', gather],
  ['ScatterND', scatter],
  ['Shape', shape],
]);

function gemm(inputs: readonly PlainTensor[], attributes: OperatorAttributes): readonly PlainTensor[] {
  const [a, b, c] = inputs as readonly [PlainTensor, PlainTensor, PlainTensor];
  if (attributes.number('transB') !== 1) throw new Error('only x · Wᵀ + b is written');
  const [rows, inner] = a.dims as [number, number];
  const [columns, same] = b.dims as [number, number];
  if (inner !== same) throw new Error(`[${a.dims.join(', ')}] · [${b.dims.join(', ')}]ᵀ`);
  return [
    filled([rows, columns], ([row, column]) => {
      let sum = c.data[column!]!;
      for (let i = 0; i < inner; i++) sum += a.data[row! * inner + i]! * b.data[column! * inner + i]!;
      return sum;
    }),
  ];
}

function matMul(inputs: readonly PlainTensor[]): readonly PlainTensor[] {
  const [a, b] = inputs as readonly [PlainTensor, PlainTensor];
  const [inner, same] = [a.dims.at(-1)!, b.dims.at(-2)!];
  if (inner !== same) throw new Error(`[${a.dims.join(', ')}] · [${b.dims.join(', ')}]`);
  const batch = spread(a.dims.slice(0, -2), b.dims.slice(0, -2));
  return [
    filled([...batch, a.dims.at(-2)!, b.dims.at(-1)!], (place) => {
      const [first, row, column] = [place.slice(0, -2), place.at(-2)!, place.at(-1)!];
      let sum = 0;
      for (let i = 0; i < inner; i++) sum += at(a, [...first, row, i]) * at(b, [...first, i, column]);
      return sum;
    }),
  ];
}

/** Rows along the last axis, one after another, each made anew. */
function byRow({ dims, data }: PlainTensor, make: (row: Float64Array) => Iterable<number>): PlainTensor {
  const width = dims.at(-1)!;
  const made = new Float64Array(data.length);
  for (let start = 0; start < data.length; start += width)
    made.set(Float64Array.from(make(data.subarray(start, start + width))), start);
  return { dims, data: made };
}

function softmax([x]: readonly PlainTensor[], attributes: OperatorAttributes): readonly PlainTensor[] {
  if (axisOf(attributes.number('axis', -1), x!.dims.length) !== x!.dims.length - 1) throw new Error('another axis');
  return [
    byRow(x!, (row) => {
      const highest = row.reduce((a, b) => Math.max(a, b), -Infinity);
      const powers = row.map((value) => Math.exp(value - highest));
      const total = powers.reduce((a, b) => a + b, 0);
      return powers.map((power) => power / total);
    }),
  ];
}

function layerNormalization(
  [x, scale, shift]: readonly PlainTensor[],
  attributes: OperatorAttributes,
): readonly PlainTensor[] {
  const epsilon = attributes.number('epsilon');
  return [
    byRow(x!, (row) => {
      const mean = row.reduce((a, b) => a + b, 0) / row.length;
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
      return row.map(
        (value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * scale!.data[i]! + (shift?.data[i] ?? 0),
      );
    }),
  ];
}

/** Over some axes, which are gone then. */
function reduced(value: (values: readonly number[]) => number): Operator {
  return ([x, axes], attributes) => {
    if (attributes.number('keepdims') !== 0) throw new Error('no axis is kept');
    const gone = new Set([...axes!.data].map((axis) => axisOf(axis, x!.dims.length)));
    const groups = new Map<string, number[]>();
    const kept = x!.dims.filter((_, axis) => !gone.has(axis));
    filled(x!.dims, (place) => {
      const group = place.filter((_, axis) => !gone.has(axis)).join();
      groups.set(group, [...(groups.get(group) ?? []), at(x!, place)]);
      return 0;
    });
    return [filled(kept, (place) => value(groups.get(place.join()) ?? []))];
  };
}

function reshape([x, extents]: readonly PlainTensor[]): readonly PlainTensor[] {
  const known = sizeOf([...extents!.data].filter((extent) => extent !== -1));
  return [
    tensor(
      [...extents!.data].map((extent) => (extent === -1 ? x!.data.length / known : extent)),
      x!.data,
    ),
  ];
}

function transpose([x]: readonly PlainTensor[], attributes: OperatorAttributes): readonly PlainTensor[] {
  const perm = attributes.numbers('perm');
  const dims = perm.map((axis) => x!.dims[axis]!);
  return [
    filled(dims, (place) =>
      at(
        x!,
        x!.dims.map((_, axis) => place[perm.indexOf(axis)]!),
      ),
    ),
  ];
}

function concat(inputs: readonly PlainTensor[], attributes: OperatorAttributes): readonly PlainTensor[] {
  const axis = attributes.number('axis');
  const starts = inputs.map((_, i) => inputs.slice(0, i).reduce((sum, { dims }) => sum + dims[axis]!, 0));
  const dims = inputs[0]!.dims.map((extent, each) =>
    each === axis ? inputs.reduce((sum, input) => sum + input.dims[axis]!, 0) : extent,
  );
  return [
    filled(dims, (place) => {
      const i = starts.findLastIndex((start, input) => start <= place[axis]! && inputs[input]!.dims[axis]! > 0);
      return at(inputs[i]!, place.with(axis, place[axis]! - starts[i]!));
    }),
  ];
}

function split([x, extents]: readonly PlainTensor[], _: OperatorAttributes, outputs: number): readonly PlainTensor[] {
  if (extents!.data.length !== outputs || extents!.data.reduce((a, b) => a + b, 0) !== x!.dims[0])
    throw new Error('the parts are not the whole');
  const width = sizeOf(x!.dims.slice(1));
  let start = 0;
  return [...extents!.data].map((rows) => {
    const part = tensor([rows, ...x!.dims.slice(1)], x!.data.subarray(start * width, (start + rows) * width));
    start += rows;
    return part;
  });
}

function slice([x, starts, ends, axes]: readonly PlainTensor[]): readonly PlainTensor[] {
  const [start, end, axis] = [starts!.data[0]!, ends!.data[0]!, axes!.data[0]!];
  const dims = x!.dims.with(axis, end - start);
  return [filled(dims, (place) => x!.data[indexOf(x!.dims, place.with(axis, place[axis]! + start))]!)];
}

function gather([x, indices]: readonly PlainTensor[], attributes: OperatorAttributes): readonly PlainTensor[] {
  const axis = attributes.number('axis');
  const rank = indices!.dims.length;
  const dims = [...x!.dims.slice(0, axis), ...indices!.dims, ...x!.dims.slice(axis + 1)];
  return [
    filled(dims, (place) => {
      const index = indices!.data[indexOf(indices!.dims, place.slice(axis, axis + rank))]!;
      if (index < 0 || index >= x!.dims[axis]!) throw new Error(`there is no ${index} of ${x!.dims[axis]!}`);
      return x!.data[indexOf(x!.dims, [...place.slice(0, axis), index, ...place.slice(axis + rank)])]!;
    }),
  ];
}

/** Rows of the first axis, replaced. */
function scatter([x, indices, rows]: readonly PlainTensor[]): readonly PlainTensor[] {
  if (indices!.dims.at(-1) !== 1) throw new Error('only rows are replaced');
  const data = x!.data.slice();
  const width = sizeOf(x!.dims.slice(1));
  indices!.data.forEach((row, i) => data.set(rows!.data.subarray(i * width, (i + 1) * width), row * width));
  return [{ dims: x!.dims, data }];
}

function shape([x]: readonly PlainTensor[], attributes: OperatorAttributes): readonly PlainTensor[] {
  const dims = x!.dims.slice(attributes.number('start', 0), attributes.number('end', x!.dims.length));
  return [tensor([dims.length], dims)];
}

function indexOf(dims: readonly number[], place: readonly number[]): number {
  return dims.reduce((index, extent, axis) => index * extent + place[axis]!, 0);
}
