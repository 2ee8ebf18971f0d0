import { ProCacheError } from '../errors.ts';
import { MAX_SIDE } from '../limits.ts';
import { type Seed, uniforms } from '../sampling/random.ts';
import { selectorOf } from '../schedule/schedule-json.ts';
import type { SelectorSettings } from '../schedule/schedule.ts';
import type { BranchId, Topology } from '../topology.ts';
import { integerOf, pairOf } from '../untrusted/json-reader.ts';
import { checkOptions } from '../untrusted/options.ts';
import { chooseTokens } from './choose-tokens.ts';
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

  /**
   * For tokens that are chosen in the middle of a step, by scores which the step itself makes anew (`Refresh.by`). The
   * backend then chooses them, as `chooseTokens` of `@procache/core/reference` does, by what the plan's selector
   * settings say. Of a selector without this, `select` is asked for them as well, before the step, and knows the scores
   * from before it.
   */
  readonly within?: ChoicesWithin;
}

/** What a selector has to do with choices that are made in the middle of a step. */
export interface ChoicesWithin {
  /** What the age of each token adds to its score, [images, tokens]; `call` and `since` are those of `select`. */
  ages(branch: BranchId, call: number, since: number): Float64Array;
  /** Takes in what was chosen. */
  chose(branch: BranchId, tokens: Tokens, call: number): void;
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
 * the token with the lower index. See `chooseTokens`.
 *
 * @throws {ProCacheError} `invalid-schedule` for cells that do not tile the grid, or halves that the batch does not
 * have.
 */
export function createSelector(settings: SelectorSettings, options: SelectorOptions): TokenSelector {
  selectorOf({ value: settings, place: 'schedule.selector' });
  const tokens = checkedTokens(options);
  const { grid, images } = options;
  checkCells(settings, grid);
  checkHalves(settings, images);
  const observed = new Map<BranchId, Float32Array>();
  const refreshed = new Map<BranchId, Int32Array>(); // the call that last refreshed each token; -1: none yet
  const random = uniforms(options.seed);
  const lastOf = (branch: BranchId): Int32Array => {
    const last = refreshed.get(branch) ?? new Int32Array(images * tokens).fill(-1);
    refreshed.set(branch, last);
    return last;
  };
  const scoresOf = (branch: BranchId): ArrayLike<number> =>
    settings.score === 'random'
      ? Float64Array.from({ length: images * tokens }, random)
      : (observed.get(branch) ?? new Float32Array(images * tokens));
  const ages = (branch: BranchId, call: number, since: number): Float64Array =>
    Float64Array.from(lastOf(branch), (last) => (settings.age ?? 0) * (call - Math.max(since, last + 1)));
  const chose = (branch: BranchId, { count, indices }: Tokens, call: number): void => {
    const last = lastOf(branch);
    indices.forEach((token, i) => (last[Math.floor(i / count) * tokens + token] = call));
  };

  return {
    observe(branch, scores) {
      observed.set(branch, scores);
    },
    select(branch, count, call, since) {
      const chosen = chooseTokens(scoresOf(branch), { count, ages: ages(branch, call, since) }, settings, grid);
      chose(branch, chosen, call);
      return chosen;
    },
    within: { ages, chose },
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

/** Refuses cells that do not tile the grid, where the best of each is to be told. */
function checkCells(
  { cells: [height, width] = [1, 1], bonus = 0 }: SelectorSettings,
  [rows, columns]: Topology['grid'],
): void {
  if (bonus === 0 || (rows % height === 0 && columns % width === 0)) return;
  throw new ProCacheError(
    'invalid-schedule',
    `schedule.selector.cells: cells of ${height}x${width} do not tile the model's ${rows}x${columns} tokens; ` +
      `use divisors, or a bonus of 0`,
  );
}
