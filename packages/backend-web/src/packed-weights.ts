import { type ExternalRange, type OnnxGraph, rangeOf } from '@procache/model';

/** A graph as ONNX Runtime Web takes it: its weights as buffers beside it. */
export interface PackedGraph {
  readonly bytes: Uint8Array;
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** The most bytes of one buffer: browsers refuse larger ones than twice that. */
const MOST_BYTES = 2 ** 30;

/** Reads what a graph computes with, and nothing else of the files that this lies in. */
export async function packedWeights(graph: OnnxGraph, mostBytes: number = MOST_BYTES): Promise<PackedGraph> {
  const places = new Map<string, { readonly piece: number; readonly offset: number }>();
  const sizes: number[] = [];
  for (const range of graph.ranges) {
    const last = sizes.length - 1;
    const piece = last >= 0 && sizes[last]! + range.length <= mostBytes ? last : sizes.push(0) - 1;
    places.set(keyOf(range), { piece, offset: sizes[piece]! });
    sizes[piece] = aligned(sizes[piece]! + range.length);
  }
  const pieces = sizes.map((size) => new Uint8Array(size));
  for (const range of graph.ranges) {
    const { piece, offset } = places.get(keyOf(range))!;
    pieces[piece]!.set(await rangeOf(graph.files.get(range.location)!, range.offset, range.length), offset);
  }
  const bytes = graph.placed((range) => {
    const { piece, offset } = places.get(keyOf(range))!;
    return { location: pathOf(piece), offset };
  });
  return { bytes, externalData: pieces.map((data, piece) => ({ path: pathOf(piece), data })) };
}

const keyOf = ({ location, offset, length }: ExternalRange): string => `${offset} ${length} ${location}`;

const pathOf = (piece: number): string => `weights-${piece}`;

/** Tensors begin at multiples of 64 bytes, which vector instructions read fastest. */
function aligned(size: number): number {
  return Math.ceil(size / 64) * 64;
}
