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

/** The extent of every input that counts images; a lane that is given none computes nothing. */
export const IMAGES = 'images';

/**
 * What an input or output of a program is called in the lane that the program has in a graph; the first lane's names
 * are bare.
 */
export const inLane = (lane: number, name: string): string => (lane === 0 ? name : `${name} @${lane}`);
