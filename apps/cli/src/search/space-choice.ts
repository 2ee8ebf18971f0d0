import { modulesOf, ProCacheError, roleOf, type Topology } from '@procache/core';
import { hoistsPlans } from '@procache/ort';
import {
  type Alphabet,
  alphabetOf,
  asJson,
  eachGap,
  eachStep,
  eitherOf,
  type Fills,
  type Json,
  type PatternConstraints,
  PatternSpace,
  type ReuseVariant,
  selective,
  type SelectiveVariant,
} from '@procache/search';
import type { TransformerModel } from '@procache/model';
import { checkBelong } from '../arguments/belongs.ts';
import type { SelectiveFlag, SpaceFlags } from './search-flags.ts';

/** The schedules that are searched, for any budget of computed steps. */
export interface ChosenSpace {
  readonly alphabet: Alphabet;
  /** What may be stored to be reused; what a recording has to tell about. */
  readonly reuse: readonly ReuseVariant[];
  readonly spaceOf: (budget: number) => PatternSpace;
  /** Everything that makes two spaces different. */
  readonly described: Json;
}

/**
 * Reads from the options which schedules there are for a model. The constraints are checked per budget, by `spaceOf`.
 */
export function chooseSpace(flags: SpaceFlags, model: TransformerModel, steps: number): ChosenSpace {
  checkPaper(flags);
  const reuse = reuseVariants(flags, model);
  const selectives = selectiveVariants(flags, reuse, model.topology);
  const alphabet = alphabetOf({
    reuse,
    selective: selectives,
    ...(selectives.length > 0 && { selector: { score: 'value-norm' } }),
  });
  checkUse(flags, reuse, alphabet);
  const fills = fillsOf(flags, alphabet, reuse, selectives);
  const constraintsOf = (budget: number): PatternConstraints => ({
    steps,
    budget,
    reuse: flags.reuse ?? (flags.paper ? paperBounds(steps, budget) : usualBounds(steps, budget)),
    gaps: flags.gaps ?? (flags.paper ? 'falling' : 'any'),
    first: flags.first ?? 1,
    last: flags.last ?? 0,
  });
  const { legend, selector } = alphabet;
  return {
    alphabet,
    reuse,
    spaceOf: (budget) => new PatternSpace(constraintsOf(budget), fills),
    described: {
      reuse: flags.reuse ?? null,
      gaps: flags.gaps ?? null,
      first: flags.first ?? 1,
      last: flags.last ?? 0,
      paper: flags.paper ?? false,
      mix: flags.mix ?? 'gap',
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

function checkPaper({ paper, forecast, rule, features, mix, selective: asked }: SpaceFlags): void {
  const given = [
    forecast && '--forecast',
    rule && '--rule',
    features && '--features',
    mix && '--mix',
    asked && '--selective',
  ].find(Boolean);
  if (paper && given) {
    throw new ProCacheError(
      'invalid-input',
      `--paper says what reused steps do, and so does ${given}; leave one of the two out`,
    );
  }
}

/** Refuses options that tell apart what is the same: a rule without forecasts, a mix of one letter. */
function checkUse(
  { rule, mix }: SpaceFlags,
  reuse: readonly ReuseVariant[],
  { reused, selective: injected }: Alphabet,
): void {
  checkBelong(
    { '--rule': rule },
    '--forecast with an order above 0',
    reuse.some(({ order = 0 }) => order > 0),
  );
  checkBelong(
    { '--mix': mix },
    'several orders of --forecast, several --features or --selective',
    reused.length + injected.length > 1,
  );
}

/** Every order of every kind of feature. */
function reuseVariants(
  { paper, forecast = ORDERS, rule = 'lagrange', features }: SpaceFlags,
  model: TransformerModel,
): readonly ReuseVariant[] {
  if (paper) return [{}];
  const kind = features ?? (hoistsPlans(model) ? 'both' : 'stack');
  const stack = { span: [0, model.topology.blocks.length - 1] as const };
  const ofEach = forecast.map((order): ReuseVariant => (order === 0 ? {} : { order, forecast: rule }));
  return [
    ...(kind === 'stack' ? [] : ofEach),
    ...(kind === 'branches' ? [] : ofEach.map((variant) => ({ ...variant, ...stack }))),
  ];
}

/** Every share of tokens with every way of reusing the rest, branch by branch. */
function selectiveVariants(
  { paper, selective: asked = [] }: SpaceFlags,
  reuse: readonly ReuseVariant[],
  topology: Topology,
): readonly SelectiveVariant[] {
  const depth = topology.blocks.length;
  const wanted = paper ? [{ ratio: PAPER_RATIO }] : asked;
  const rests = reuse.filter(({ span }) => !span);
  if (wanted.length > 0 && rests.length === 0) {
    throw new ProCacheError(
      'invalid-input',
      '--selective refreshes features of branches, and --features stack stores none; use --features branches or both',
    );
  }
  const modules = modulesOf(topology).filter((module) => roleOf(topology, module) !== 'self');
  return wanted.flatMap(({ ratio, from }: SelectiveFlag) => {
    const first = from ?? Math.floor(SHALLOW * depth);
    if (first >= depth)
      throw new ProCacheError(
        'invalid-input',
        `--selective: block ${first} is outside the model's ${depth} blocks (0-${depth - 1})`,
      );
    return rests.map((rest): SelectiveVariant => ({ reuse: rest, ratio, blocks: [first, depth - 1], modules }));
  });
}

function fillsOf(
  { paper, mix = 'gap' }: SpaceFlags,
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
