/** An array of numbers with its extents, row by row; integers too are 64-bit floats. */
export interface PlainTensor {
  readonly dims: readonly number[];
  readonly data: Float64Array;
}

export function tensor(dims: readonly number[], data: Iterable<number>): PlainTensor {
  const values = Float64Array.from(data);
  if (values.length !== sizeOf(dims)) throw new Error(`[${dims.join(', ')}] has not ${values.length} numbers`);
  return { dims, data: values };
}

/** A tensor of what `value` says of each place. */
export function filled(dims: readonly number[], value: (place: readonly number[]) => number): PlainTensor {
  const data = new Float64Array(sizeOf(dims));
  const place = dims.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = value(place);
    for (let axis = dims.length - 1; axis >= 0 && ++place[axis]! === dims[axis]!; axis--) place[axis] = 0;
  }
  return { dims, data };
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, extent) => product * extent, 1);
}

/** The number at a place; axes of extent 1 have the same number everywhere, as do axes that are missing in front. */
export function at({ dims, data }: PlainTensor, place: readonly number[]): number {
  let index = 0;
  dims.forEach((extent, axis) => {
    index = index * extent + (extent === 1 ? 0 : place[place.length - dims.length + axis]!);
  });
  return data[index]!;
}

/** The extents that some tensors have together, each spread over the axes where it has extent 1. */
export function spread(...all: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(...all.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = all.map((dims) => dims[dims.length - rank + axis] ?? 1);
    const extent = extents.find((each) => each !== 1) ?? 1;
    if (extents.some((each) => each !== 1 && each !== extent))
      throw new Error(`${all.map((dims) => `[${dims.join(', ')}]`).join(' and ')} do not go together`);
    return extent;
  });
}

/** An axis counted from 0, where it may be counted from the end. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
