import { type BranchId, parseBranch } from '@procache/core';
import { asRows, entry, layerNorm, modulate } from '../../graphs/layers.ts';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';

// The modulation of a block is six vectors: shift, scale and gate of self-attention, then of the MLP. That of all
// blocks is followed by two more, the shift and the scale before the head (adaLN-zero, Peebles and Xie, 2023;
// adaLN-single).

/** Vectors of one block in the modulation. */
const ENTRIES_PER_BLOCK = 6;

/** The modulated modules, by the first of their vectors, counted from the block's. */
const FIRST_ENTRIES: ReadonlyMap<string, number> = new Map([
  ['attn', 0],
  ['mlp', 3],
]);

/** All vectors of the modulation of a model of so many blocks. */
export function entriesOf(depth: number): number {
  return depth * ENTRIES_PER_BLOCK + 2;
}

/** The shift before the head. */
export function shiftOfHead(depth: number): number {
  return depth * ENTRIES_PER_BLOCK;
}

/** The first vector of a branch, its shift. */
export function shiftOf(branch: BranchId): number {
  const { block, module } = parseBranch(branch);
  return block * ENTRIES_PER_BLOCK + FIRST_ENTRIES.get(module)!;
}

/** The vector that gates a branch; modules without one, such as attention to text, are added as they are. */
export function gateOf(branch: BranchId): number | undefined {
  return FIRST_ENTRIES.has(parseBranch(branch).module) ? shiftOf(branch) + 2 : undefined;
}

/**
 * Normalised, then shifted and scaled by the vectors at `shift` and `shift + 1`: [images, count, width] -> [images *
 * count, width]
 */
export function modulated(
  g: GraphBuilder,
  x: Value,
  modulation: Value,
  { shift, width, epsilon }: { readonly shift: number; readonly width: number; readonly epsilon: number },
): Value {
  const normed = layerNorm(g, x, width, epsilon);
  return asRows(g, modulate(g, normed, entry(g, modulation, shift), entry(g, modulation, shift + 1)), width);
}
