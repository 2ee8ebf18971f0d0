import { ProCacheError } from '../errors.ts';
import { MAX_SIDE } from '../limits.ts';
import { type Seed, uniforms } from '../sampling/random.ts';
import { selectorOf } from '../schedule/schedule-json.ts';
import type { SelectorSettings } from '../schedule/schedule.ts';
import type { BranchId, Topology } from '../topology.ts';
import { integerOf, pairOf } from '../untrusted/json-reader.ts';
import { checkOptions } from '../untrusted/options.ts';
import type { Tokens } from './transformer.ts';

/**
 * Chooses which tokens of a stale feature deserve fresh computation. Lives for one generation.
 *
 * ```ts
 * import { diffusionSteps, type Policy, lower, type TokenSelector, withDenoiser } from '@procache/core';
 * import { referenceTransformer } from '@procache/core/reference';
 *
 * // Always the first tokens, the upper rows of the image, whatever their scores.
 * const upper: TokenSelector = {
 *   observe: () => {},
 *   // of one image
 *   select: (branch, count) => ({ count, indices: Int32Array.from({ length: count }, (_, token) => token) }),
 * };
 *
 * const topology = { blocks: [['attn', 'mlp']], grid: [4, 4] } as const;
 * const policy: Policy = (step) => (step === 0 ? { do: 'compute' } : { do: 'refresh', ratio: 0.25 });
 * const options = {
 *   transformer: referenceTransformer({ topology }),
 *   plan: lower(policy, 3, topology),
 *   conditions: { timesteps: diffusionSteps(3).timesteps, images: [5] },
 *   selector: upper,
 * };
 * const output = await withDenoiser(options, async (denoise) => {
 *   let latent = new Float32Array(2 * 4 * 4);
 *   for (let step = 0; step < 3; step++) latent = Float32Array.from(await denoise(latent, step));
 *   return latent;
 * });
 * console.log(output.length); // 32
 * ```
 */
export interface TokenSelector {
  /** Takes in the raw score of each token, [images, tokens], seen when the branch's block was last run as a whole. */
  observe(branch: BranchId, scores: Float32Array): void;

  /**
   * The `count` best tokens of each image.
   *
   * `call` is the number of this call among those of the branch, `since` that of the first one after
   * the branch was last computed; the age of a token is how many calls from there have passed it over.
   */
  select(branch: BranchId, count: number, call: number, since: number): Tokens;
}

export interface SelectorOptions {
  readonly grid: Topology['grid'];
  /** Images in the batch, the unconditional half included. */
  readonly images: number;
  /** Seed of the `random` score. */
  readonly seed: Seed;
}

/**
 * The selector of ToCa (Zou et al., 2025, Eqs. 5-9), which ProCache's code shares.
 *
 * Score: the raw scores divided by their L2 norm over the tokens of the image, plus `age` times the
 * token's age; then the best token of each cell gets `bonus` times its score on top. Ties go to
 * the token with the lower index.
 *
 * @throws {ProCacheError} `invalid-schedule` for cells that do not tile the grid, or halves that the batch does not
 * have.
 */
export function createSelector(settings: SelectorSettings, options: SelectorOptions): TokenSelector {
  selectorOf({ value: settings, place: 'schedule.selector' });
  const tokens = checkedTokens(options);
  const cells = cellsOf(settings, options.grid);
  checkHalves(settings, options.images);
  const observed = new Map<BranchId, Float32Array>();
  const refreshed = new Map<BranchId, Int32Array>(); // the call that last refreshed each token; -1: none yet
  const random = uniforms(options.seed);
  const score = settings.score === 'random' ? () => random() : undefined;

  const scoresOf = (branch: BranchId, call: number, since: number): Float64Array[] => {
    const raw = observed.get(branch);
    const last = refreshed.get(branch)!;
    return Array.from({ length: options.images }, (_, image) => {
      const own = (i: number) => image * tokens + i;
      const norm = raw ? Math.max(l2(raw.subarray(own(0), own(tokens))), 1e-12) : 1;
      return Float64Array.from({ length: tokens }, (_, i) => {
        const age = call - Math.max(since, last[own(i)]! + 1);
        return (score ? score() : (raw?.[own(i)] ?? 0) / norm) + (settings.age ?? 0) * age;
      });
    });
  };

  return {
    observe(branch, scores) {
      observed.set(branch, scores);
    },
    select(branch, count, call, since) {
      if (!refreshed.has(branch)) refreshed.set(branch, new Int32Array(options.images * tokens).fill(-1));
      let scores = scoresOf(branch, call, since);
      if (settings.paired) scores = paired(scores);
      const indices = new Int32Array(options.images * count);
      const last = refreshed.get(branch)!;
      scores.forEach((image, n) => {
        const chosen = best(withBonus(image, cells, settings.bonus ?? 0), count);
        indices.set(chosen, n * count);
        for (const token of chosen) last[n * tokens + token] = call;
      });
      return { count, indices };
    },
  };
}

/** The most tokens that are chosen among, those of all images together. */
const MAX_TOKENS = 2 ** 28;

/** How many tokens an image has, once it is sure that the options are what they ought to be. */
function checkedTokens(options: SelectorOptions): number {
  checkOptions('createSelector', options, { grid: true, images: true, seed: true });
  const [rows, columns] = pairOf(
    { value: options.grid, place: 'grid', code: 'invalid-input' },
    1,
    '[rows, columns] of tokens',
    MAX_SIDE,
  );
  integerOf(
    { value: options.images, place: 'images', code: 'invalid-input' },
    1,
    Math.floor(MAX_TOKENS / (rows * columns)),
  );
  return rows * columns;
}

function checkHalves({ paired: halves = false }: SelectorSettings, images: number): void {
  if (!halves || images % 2 === 0) return;
  throw new ProCacheError(
    'invalid-schedule',
    `schedule.selector.paired: a batch of ${images} has no two halves of guidance; ` +
      `generate with guidance, or leave "paired" out`,
  );
}

/** The tokens of each cell. */
function cellsOf(
  { cells = [1, 1], bonus = 0 }: SelectorSettings,
  [rows, columns]: Topology['grid'],
): readonly (readonly number[])[] {
  if (bonus === 0) return [];
  const [height, width] = cells;
  if (rows % height !== 0 || columns % width !== 0) {
    throw new ProCacheError(
      'invalid-schedule',
      `schedule.selector.cells: cells of ${height}x${width} do not tile the model's ${rows}x${columns} tokens; ` +
        `use divisors, or a bonus of 0`,
    );
  }
  const perRow = columns / width;
  const tiles = Array.from({ length: (rows / height) * perRow }, (): number[] => []);
  for (let token = 0; token < rows * columns; token++) {
    const [row, column] = [Math.floor(token / columns), token % columns];
    tiles[Math.floor(row / height) * perRow + Math.floor(column / width)]!.push(token);
  }
  return tiles;
}

function withBonus(scores: Float64Array, cells: readonly (readonly number[])[], bonus: number): Float64Array {
  const raised = scores.slice();
  for (const cell of cells) {
    const top = cell.reduce((a, b) => (scores[b]! > scores[a]! ? b : a));
    raised[top] = scores[top]! * (1 + bonus);
  }
  return raised;
}

/** The indices of the `count` highest scores, ascending. */
function best(scores: Float64Array, count: number): Int32Array {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return Int32Array.from(order.slice(0, count)).sort();
}

/** Gives the two halves of a guided batch the mean of their scores. */
function paired(scores: readonly Float64Array[]): Float64Array[] {
  const half = scores.length / 2;
  return scores.map((own, n) => {
    const other = scores[(n + half) % scores.length]!;
    return own.map((score, i) => (score + other[i]!) / 2);
  });
}

function l2(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
