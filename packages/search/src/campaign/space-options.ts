import { type ForecastRule, modulesOf, ProCacheError, roleOf, type Spelling, type Topology } from '@procache/core';
import { type Alphabet, alphabetOf, type ReuseVariant, type SelectiveVariant } from '../space/alphabet.ts';
import { eachGap, eachStep, eitherOf, type Fills, selective } from '../space/fills.ts';
import type { PatternConstraints } from '../space/pattern-constraints.ts';
import { PatternSpace } from '../space/pattern-space.ts';
import { asJson, type Json } from '../study/json.ts';
import { checkBelongs } from './spelling.ts';

/** What a reused step may add: features of each branch, or of all blocks together. */
export const FEATURES = ['branches', 'stack', 'both'] as const;
export const GAPS = ['any', 'falling'] as const;
export const MIXES = ['gap', 'step'] as const;

/** Which schedules there are. What is left out is as it has proved best: see docs/search.md. */
export interface SpaceOptions {
  /** Those of ProCache's paper: falling gaps, its bounds, plain reuse, every second reused step selective. */
  readonly paper?: boolean | undefined;
  /** How many reused steps may follow a computed one; 0 to two and a half times the mean unless given. */
  readonly reuse?: readonly [least: number, most: number] | undefined;
  /** `'falling'`: no gap is longer than the one before; any unless given. */
  readonly gaps?: (typeof GAPS)[number] | undefined;
  /** So many first steps are computed; 1 unless given. */
  readonly first?: number | undefined;
  /** So many last steps are computed; 0 unless given. */
  readonly last?: number | undefined;
  /** Degrees of forecast, 0 for plain reuse; 1 to 4 unless given. */
  readonly forecast?: readonly number[] | undefined;
  /** How features are forecast; `'lagrange'` unless given. */
  readonly rule?: ForecastRule | undefined;
  /** What is stored; both unless given, or the stack alone where the model does not hoist. */
  readonly features?: (typeof FEATURES)[number] | undefined;
  /** What has one degree of forecast throughout: a gap, unless given, or a step. */
  readonly mix?: (typeof MIXES)[number] | undefined;
  /** Selective steps besides; none unless given. */
  readonly selective?: readonly SelectiveOption[] | undefined;
}

/** A selective step as it is asked for: a share of the tokens, from a block to the last. */
export interface SelectiveOption {
  readonly ratio: number;
  /** The deepest quarter unless given. */
  readonly from?: number | undefined;
}

/** The schedules that are searched, for any budget of computed steps. */
export interface SearchSpace {
  readonly alphabet: Alphabet;
  /** What may be stored to be reused; what a recording has to tell about. */
  readonly reuse: readonly ReuseVariant[];
  /** @throws {ProCacheError} `infeasible-constraints` where there is no schedule of that budget. */
  readonly spaceOf: (budget: number) => PatternSpace;
  /** Everything that makes two spaces different. */
  readonly described: Readonly<Record<string, Json>>;
}

/** What of a model decides which schedules there are. */
export interface SpaceModel {
  readonly topology: Topology;
  /** Whether folding many features at once costs little (`Transformer.hoists`): those of branches are stored then. */
  readonly hoists: boolean;
}

/**
 * The schedules of some steps that there are for a model.
 *
 * @throws {ProCacheError} `invalid-input` for options that exclude each other, or that change nothing.
 */
export function searchSpace(
  options: SpaceOptions,
  model: SpaceModel,
  steps: number,
  spell: Spelling = (option) => option,
): SearchSpace {
  checkPaper(options, spell);
  const reuse = reuseVariants(options, model);
  const selectives = selectiveVariants(options, reuse, model.topology, spell);
  const alphabet = alphabetOf({
    reuse,
    selective: selectives,
    ...(selectives.length > 0 && { selector: { score: 'value-norm' } }),
  });
  checkUse(options, reuse, alphabet, spell);
  const fills = fillsOf(options, alphabet, reuse, selectives);
  const { paper = false, gaps, first = 1, last = 0, mix = 'gap' } = options;
  const constraintsOf = (budget: number): PatternConstraints => ({
    steps,
    budget,
    reuse: options.reuse ?? (paper ? paperBounds(steps, budget) : usualBounds(steps, budget)),
    gaps: gaps ?? (paper ? 'falling' : 'any'),
    first,
    last,
  });
  const { legend, selector } = alphabet;
  return {
    alphabet,
    reuse,
    spaceOf: (budget) => new PatternSpace(constraintsOf(budget), fills),
    described: {
      reuse: options.reuse ?? null,
      gaps: gaps ?? null,
      first,
      last,
      paper,
      mix,
      legend: asJson(legend, 'legend'),
      selector: asJson(selector ?? null, 'selector'),
    },
  };
}

const ORDERS = [1, 2, 3, 4];
/** Of the paper: the share of tokens that a selective step computes. */
const PAPER_RATIO = 0.3;
/** ProCache refreshes the deepest quarter of the blocks. */
const SHALLOW = 0.75;

function checkPaper(options: SpaceOptions, spell: Spelling): void {
  const given = (['forecast', 'rule', 'features', 'mix', 'selective'] as const).find((name) => options[name]);
  if (options.paper && given) {
    throw new ProCacheError(
      'invalid-input',
      `${spell('paper')} says what reused steps do, and so does ${spell(given)}; leave one of the two out`,
    );
  }
}

/** Refuses options that tell apart what is the same: a rule without forecasts, a mix of one letter. */
function checkUse(
  { rule, mix }: SpaceOptions,
  reuse: readonly ReuseVariant[],
  { reused, selective: injected }: Alphabet,
  spell: Spelling,
): void {
  checkBelongs(
    spell('rule'),
    rule,
    `${spell('forecast')} with an order above 0`,
    reuse.some(({ order = 0 }) => order > 0),
  );
  checkBelongs(
    spell('mix'),
    mix,
    `several orders of ${spell('forecast')}, several ${spell('features')} or ${spell('selective')}`,
    reused.length + injected.length > 1,
  );
}

/** Every order of every kind of feature. */
function reuseVariants(
  { paper, forecast = ORDERS, rule = 'lagrange', features }: SpaceOptions,
  { topology, hoists }: SpaceModel,
): readonly ReuseVariant[] {
  if (paper) return [{}];
  const kind = features ?? (hoists ? 'both' : 'stack');
  const stack = { span: [0, topology.blocks.length - 1] as const };
  const ofEach = forecast.map((order): ReuseVariant => (order === 0 ? {} : { order, forecast: rule }));
  return [
    ...(kind === 'stack' ? [] : ofEach),
    ...(kind === 'branches' ? [] : ofEach.map((variant) => ({ ...variant, ...stack }))),
  ];
}

/** Every share of tokens with every way of reusing the rest, branch by branch. */
function selectiveVariants(
  { paper, selective: asked = [] }: SpaceOptions,
  reuse: readonly ReuseVariant[],
  topology: Topology,
  spell: Spelling,
): readonly SelectiveVariant[] {
  const depth = topology.blocks.length;
  const wanted = paper ? [{ ratio: PAPER_RATIO }] : asked;
  const rests = reuse.filter(({ span }) => !span);
  if (wanted.length > 0 && rests.length === 0) {
    const features = spell('features');
    throw new ProCacheError(
      'invalid-input',
      `${spell('selective')} refreshes features of branches, and ${features} stack stores none; ` +
        `use ${features} branches or both`,
    );
  }
  const modules = modulesOf(topology).filter((module) => roleOf(topology, module) !== 'self');
  return wanted.flatMap(({ ratio, from }: SelectiveOption) => {
    const first = from ?? Math.floor(SHALLOW * depth);
    if (first >= depth)
      throw new ProCacheError(
        'invalid-input',
        `${spell('selective')}: block ${first} is outside the model's ${depth} blocks (0-${depth - 1})`,
      );
    return rests.map((rest): SelectiveVariant => ({ reuse: rest, ratio, blocks: [first, depth - 1], modules }));
  });
}

function fillsOf(
  { paper, mix = 'gap' }: SpaceOptions,
  alphabet: Alphabet,
  reuse: readonly ReuseVariant[],
  selectives: readonly SelectiveVariant[],
): Fills {
  const letterOf = (rest: ReuseVariant | undefined): string => alphabet.reused[reuse.indexOf(rest!)]!;
  const injected = selectives.map(({ reuse: rest }, i) => selective(letterOf(rest), alphabet.selective[i]!));
  if (paper) return injected[0]!;
  if (mix === 'gap') return eitherOf(eachGap(...alphabet.reused), ...injected);
  return eachStep(...alphabet.reused, ...alphabet.selective);
}

/** Gaps up to two and a half times as long as they are on the average: longer ones were never among the best. */
function usualBounds(steps: number, budget: number): readonly [number, number] {
  return [0, Math.min(steps - 1, Math.max(4, Math.ceil((2.5 * steps) / budget)))];
}

/**
 * Bounds that hold 17, 13 and 11 computed steps of 50 as the published code bounds them: 1 to 3, 1 to 4, and 2 to 5.
 */
function paperBounds(steps: number, budget: number): readonly [number, number] {
  const mean = steps / budget;
  return [Math.floor(Math.floor(mean) / 2), Math.ceil(mean)];
}
