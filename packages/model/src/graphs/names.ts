import type { BranchId, FeatureId } from '@procache/core';

// The names of a step graph's inputs and outputs.

export const inputOf = (feature: FeatureId, age: number): string => `feature ${feature} ${age}`;
export const outputOf = (feature: FeatureId): string => `feature ${feature}`;
/** The sums that the i-th run of a step makes for later steps. */
export const aheadOf = (run: number): string => `ahead ${run}`;
/** Gate times weight of each of those sums' features. */
export const aheadCoefficientsOf = (run: number): string => `ahead coefficients ${run}`;
/** The pack that holds the i-th prepared sum of a step. */
export const packOf = (sum: number): string => `pack ${sum}`;
export const rowsOf = (branch: BranchId): string => `rows ${branch}`;
export const scoreOf = (branch: BranchId): string => `score ${branch}`;
/** The scores of which a refresh makes some anew. */
export const staleScoresOf = (branch: BranchId): string => `stale scores ${branch}`;
/** What is added to the scores of tokens that are chosen in the graph, how many are, and which were. */
export const agesOf = (branch: BranchId): string => `ages ${branch}`;
export const countOf = (branch: BranchId): string => `count ${branch}`;
export const chosenOf = (branch: BranchId): string => `chosen ${branch}`;

/** What a model makes of the texts, [texts, ...]: an input of all lanes. */
export const contextOf = (context: string): string => `context ${context}`;
export const isContext = (input: string): boolean => input.startsWith('context ');
/** Which text each image draws from, [images]. */
export const TEXT_OF_IMAGE = 'text of image';
/** What is added to attention to each token of the image's text, [images, 1, 1, tokens]. */
export const PADDING = 'padding';
/** The extent that counts texts. */
export const TEXTS = 'texts';

/** The extent of every input that counts images; a lane that is given none computes nothing. */
export const IMAGES = 'images';

/**
 * What an input or output of a program is called in the lane that the program has in a graph; the first lane's names
 * are bare, and so are those of contexts, which belong to all.
 */
export const inLane = (lane: number, name: string): string =>
  lane === 0 || isContext(name) ? name : `${name} @${lane}`;

/** The lane whose input or output a name is. */
export function laneOf(name: string): number {
  const at = name.lastIndexOf(' @');
  return at < 0 ? 0 : Number(name.slice(at + 2));
}
