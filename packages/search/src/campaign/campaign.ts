import {
  byName,
  type Condition,
  type LatentShape,
  type ModelCost,
  ProCacheError,
  type Spelling,
  USUAL_STEPS,
} from '@procache/core';
import { checkOptions, elementsOf, type Fields, integerOf, nameOf } from '@procache/core/untrusted';
import { LATENT_ERROR, type Measure } from '../scoring/comparison.ts';
import type { RendererOptions } from '../scoring/renderer.ts';
import type { StudyHeader } from '../study/header.ts';
import type { Json } from '../study/json.ts';
import { checkBelongs, placed } from './spelling.ts';
import { conditionsOfSeeds, type SeedOptions, type SeedSets, seedSets } from './seeds.ts';
import { searchSpace, type SearchSpace, type SpaceModel, type SpaceOptions } from './space-options.ts';
import { checkSearchable, checkStrategyOptions, STRATEGY_NAMES, type StrategyOptions } from './strategy-names.ts';

/** A model as a search sees it: what it is, and what its parts cost. Nothing of it runs. */
export interface SearchedModel extends SpaceModel {
  /** What people call it. */
  readonly name: string;
  /** Tells its weights from all others. */
  readonly fingerprint: string;
  readonly latent: LatentShape;
  readonly cost: ModelCost;
}

/** How images come about, all but the schedule and the number of steps. */
export interface SearchedSampling extends Omit<RendererOptions, 'conditionOf'> {
  /** What images show, in turn: see `inTurn`. */
  readonly conditions: readonly Condition[];
  /** What the images show that what is found is judged on; the same unless given, so that only their noise is new. */
  readonly judgedBy?: readonly Condition[] | undefined;
}

/** What a schedule may cost: computed steps, or milliseconds on the machine at hand. */
export interface CostOptions {
  /** Computed steps; several are searched one after another. A third of the steps unless given. */
  readonly budget?: readonly number[] | undefined;
  /** Milliseconds of one generation. */
  readonly target?: number | undefined;
  /** Of the target: the images of that generation; 10 unless given. */
  readonly images?: number | undefined;
}

/** Everything that decides what a search finds. */
export interface CampaignOptions extends CostOptions, SeedOptions, SpaceOptions, StrategyOptions {
  readonly model: SearchedModel;
  readonly sampling: SearchedSampling;
  /** 50 unless given. */
  readonly steps?: number | undefined;
  /** What images depend on besides all this, for the study, which refuses to go on where it differs. */
  readonly described: Json;
  /** What a good schedule is; the first is improved, the others are recorded. `LATENT_ERROR` unless given. */
  readonly measures?: readonly [Measure, ...Measure[]] | undefined;
  /** What the measures depend on besides images, for the study. */
  readonly data?: Json | undefined;
  /** Each budget ends after so many images; by default when the strategy has seen enough. */
  readonly mostImages?: number | undefined;
  /**
   * Methods that are judged too, as `byName` knows them; unless given the published schedule, and FORA and TaylorSeer
   * of about as many computed steps.
   */
  readonly beside?: readonly string[] | undefined;
  /** Of all that changes numbers, for the study. */
  readonly versions: Readonly<Record<string, string>>;
  /** What messages call an option of these. */
  readonly spell?: Spelling | undefined;
}

/** A campaign as it was asked for, checked against the model. Nothing has been computed yet. */
export interface Campaign {
  readonly model: SearchedModel;
  readonly sampling: RendererOptions;
  readonly conditions: readonly Condition[];
  readonly steps: number;
  /** Of chance. */
  readonly seed: number;
  readonly seeds: SeedSets;
  readonly space: SearchSpace;
  readonly measures: readonly [Measure, ...Measure[]];
  readonly strategy: StrategyOptions;
  readonly mostImages: number | undefined;
  /** Computed steps to search with, one after another; undefined where a time is to be kept. */
  readonly budgets: readonly number[] | undefined;
  /** The time that is to be kept, by a generation of so many images. */
  readonly target: { readonly milliseconds: number; readonly images: number } | undefined;
  readonly beside: readonly string[] | undefined;
  /** What the study says about it. */
  readonly header: StudyHeader;
  readonly spell: Spelling;
}

const USUAL_IMAGES = 10;

/**
 * Checks everything that can be known before anything is computed: constraints that no schedule meets, options that do
 * not go together, methods that there are not.
 *
 * @throws {ProCacheError} `invalid-input` or `infeasible-constraints` that names the option.
 */
export function campaignOf(options: CampaignOptions): Campaign {
  checkOptions('campaignOf', options, FIELDS);
  const { model, steps = USUAL_STEPS, seed = 0, beside, mostImages, spell = (option: string) => option } = options;
  const { conditions, judgedBy = conditions, ...sampling } = options.sampling;
  checkCounts(options, spell);
  checkCost(options, spell);
  checkStrategyOptions(options, spell);
  const space = searchSpace(options, model, steps, spell);
  sampling.stepsOf(steps); // refuses what the model's timesteps do not hold
  const budgets = options.target === undefined ? (options.budget ?? [Math.max(1, Math.ceil(steps / 3))]) : undefined;
  for (const budget of budgets ?? []) checkBudget(budget, space, options, spell);
  const seeds = seedSets(options);
  checkBeside(options, seeds, steps, spell);
  const measures = options.measures ?? ([LATENT_ERROR] as const);
  checkSets(measures, seeds, spell);
  const { target, images = USUAL_IMAGES, strategy, candidates, iterations } = options;
  const campaign = {
    model,
    sampling: { ...sampling, conditionOf: conditionsOfSeeds(seeds, conditions, judgedBy) },
    conditions,
    steps,
    seed,
    seeds,
    space,
    measures,
    strategy: { strategy, candidates, iterations },
    mostImages,
    budgets,
    target: target === undefined ? undefined : { milliseconds: target, images },
    beside,
    spell,
  };
  return { ...campaign, header: headerOf(campaign, options) };
}

const FIELDS: Fields<CampaignOptions> = {
  model: true,
  sampling: true,
  steps: true,
  described: true,
  measures: true,
  data: true,
  versions: true,
  spell: true,
  budget: true,
  target: true,
  images: true,
  paper: true,
  reuse: true,
  gaps: true,
  first: true,
  last: true,
  forecast: true,
  rule: true,
  features: true,
  mix: true,
  selective: true,
  strategy: true,
  candidates: true,
  iterations: true,
  mostImages: true,
  seed: true,
  seeds: true,
  finalSeeds: true,
  judge: true,
  beside: true,
};

/** The least of every option that counts something. */
const LEAST = { candidates: 1, iterations: 0, mostImages: 1, seed: 0, seeds: 1, finalSeeds: 0, judge: 0 } as const;

/** Refuses numbers that count nothing, a strategy that there is not, and a list of budgets that is none. */
function checkCounts(options: CampaignOptions, spell: Spelling): void {
  const code = 'invalid-input';
  for (const [option, least] of Object.entries(LEAST) as [keyof typeof LEAST, number][]) {
    if (options[option] !== undefined) integerOf({ value: options[option], place: spell(option), code }, least);
  }
  const { strategy, budget } = options;
  if (strategy !== undefined) nameOf({ value: strategy, place: spell('strategy'), code }, STRATEGY_NAMES);
  if (budget !== undefined) elementsOf({ value: budget, place: spell('budget'), code });
  elementsOf({ value: options.sampling.conditions, place: 'sampling.conditions', code });
  const { judgedBy } = options.sampling;
  if (judgedBy !== undefined) elementsOf({ value: judgedBy, place: 'sampling.judgedBy', code });
}

function checkCost({ budget, target, images }: CostOptions, spell: Spelling): void {
  if (budget && target !== undefined)
    throw new ProCacheError(
      'invalid-input',
      `${spell('budget')} and ${spell('target')} both say what a schedule may cost; leave one out`,
    );
  checkBelongs(spell('images'), images, spell('target'), target !== undefined);
}

/** Refuses a budget that no schedule has under the other constraints, or that the strategy cannot search. */
function checkBudget(budget: number, { spaceOf }: SearchSpace, options: CampaignOptions, spell: Spelling): void {
  const usual = options.budget ? '' : ' (a third of the steps, as none was given)';
  placed(`${spell('budget')} ${budget}${usual}`, () => checkSearchable(options, spaceOf(budget), spell));
}

/** Refuses methods that there are not for this model and so many steps. */
function checkBeside({ beside, model }: CampaignOptions, { judge }: SeedSets, steps: number, spell: Spelling): void {
  checkBelongs(spell('beside'), beside, `${spell('judge')} with more than 0 images`, judge.length > 0);
  for (const name of beside ?? []) placed(spell('beside'), () => byName(name, model.topology, steps));
}

/** Refuses to take the distance of one image, where an objective is of sets. */
function checkSets(measures: readonly Measure[], { final, judge }: SeedSets, spell: Spelling): void {
  const ofSets = measures.find(({ judges }) => judges === 'set');
  const odd = final.length === 1 ? 'finalSeeds' : judge.length === 1 ? 'judge' : undefined;
  if (ofSets && odd)
    throw new ProCacheError(
      'invalid-input',
      `${spell(odd)} 1: ${ofSets.name} is a distance of sets, and one image is none; use 2 or more, or 0`,
    );
}

function headerOf(
  { model, sampling, steps, seed, seeds, space, measures, budgets, target }: Omit<Campaign, 'header'>,
  options: CampaignOptions,
): StudyHeader {
  const { strategy = 'combined', candidates, iterations, mostImages, data = {} } = options;
  return {
    model: model.fingerprint,
    sampler: sampling.sampler ?? 'ddim',
    steps,
    guidance: sampling.guidance?.scale ?? 1,
    images: options.described,
    seeds: seeds.search,
    finalSeeds: seeds.final,
    versions: options.versions,
    objectives: measures.map(({ name }) => name),
    strategy: {
      name: strategy,
      seed,
      candidates: candidates ?? null,
      iterations: iterations ?? null,
      mostImages: mostImages ?? null,
    },
    constraints: { ...space.described, ...(budgets ? { budgets } : target), data },
  };
}
