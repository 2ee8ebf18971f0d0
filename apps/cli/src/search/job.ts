import { createHash } from 'node:crypto';
import { runtimeVersion } from '@procache/backend-node';
import { byName, ProCacheError } from '@procache/core';
import type { SamplingDefaults } from '@procache/model';
import { asJson, type Json, type PatternSpace, provenanceOf, type StudyHeader } from '@procache/search';
import { checkBelong } from '../arguments/belongs.ts';
import { labelsOf } from '../arguments/labels.ts';
import { type ChosenModel, chooseModel } from '../arguments/model-choice.ts';
import { naming } from '../arguments/naming.ts';
import { chooseProcess, type Process } from '../arguments/sampling.ts';
import { VERSION } from '../version.ts';
import { type ChosenObjectives, chooseObjectives } from './objective-choice.ts';
import type { SearchFlags } from './search-flags.ts';
import { type ChosenSpace, chooseSpace } from './space-choice.ts';
import { checkStrategy } from './strategy-choice.ts';

/** The seeds of a search: none is in two of them. */
export interface SeedSets {
  /** What schedules are searched by. */
  readonly search: readonly number[];
  /** What the best race on. */
  readonly final: readonly number[];
  /** What the result is judged on. */
  readonly judge: readonly number[];
}

/** A search as the user asked for it, checked against the model. Nothing has been computed yet. */
export interface SearchJob {
  readonly flags: SearchFlags;
  readonly chosen: ChosenModel;
  readonly process: Process;
  /** Of the sampler. */
  readonly steps: number;
  /** The classes to search by. */
  readonly conditions: readonly number[];
  readonly conditionOf: (seed: number) => number;
  readonly seeds: SeedSets;
  readonly space: ChosenSpace;
  readonly objectives: ChosenObjectives;
  /**
   * Computed steps to search with, one after another; undefined where a time is to be kept, and is not yet known in
   * steps.
   */
  readonly budgets: readonly number[] | undefined;
  readonly header: StudyHeader;
}

const USUAL_STEPS = 50;
/** The images of the generation whose time is to be kept. */
const USUAL_IMAGES = 10;
/** Far apart, so that more seeds of one kind leave the others as they are. */
const FINAL_SEEDS = 100_000;
const JUDGE_SEEDS = 200_000;

/** Reads and checks everything that can be known before anything is computed. The caller closes the objectives. */
export async function chooseSearch(flags: SearchFlags): Promise<SearchJob> {
  checkTarget(flags);
  const chosen = await chooseModel(flags);
  const process = chooseProcess(flags, chosen);
  const steps = flags.steps ?? chosen.recommended?.steps ?? USUAL_STEPS;
  const space = chooseSpace(flags, chosen.model, steps);
  process.stepsOf(steps); // refuses what the model's timesteps do not hold
  const budgets = flags.target === undefined ? (flags.budget ?? [Math.max(1, Math.ceil(steps / 3))]) : undefined;
  for (const budget of budgets ?? []) checkBudget(budget, flags, space);
  const conditions = labelsOf(flags.labels ?? 'all', chosen.model.takes);
  const seeds = seedsOf(flags);
  checkBeside(flags, chosen, steps);
  const objectives = await chooseObjectives(flags, chosen);
  checkSets(flags, objectives);
  const job = {
    flags,
    chosen,
    process,
    steps,
    conditions,
    conditionOf: inTurn(conditions),
    seeds,
    space,
    objectives,
    budgets,
  };
  return { ...job, header: headerOf(job) };
}

/** How many images the generation has whose time is to be kept. */
export function timedImages({ images = USUAL_IMAGES }: SearchFlags): number {
  return images;
}

function checkTarget({ budget, target, images }: SearchFlags): void {
  if (budget && target !== undefined)
    throw new ProCacheError('invalid-input', '--budget and --target both say what a schedule may cost; leave one out');
  checkBelong({ '--images': images }, '--target', target !== undefined);
}

/** Refuses a budget that no schedule has under the other constraints, or that the strategy cannot search. */
function checkBudget(budget: number, flags: SearchFlags, space: ChosenSpace): void {
  const asked = flags.budget ? `--budget ${budget}` : `--budget ${budget} (a third of the steps, as none was given)`;
  naming(asked, () => checkStrategy(flags, space.spaceOf(budget)));
}

/** Refuses methods that there are not for this model and so many steps. */
function checkBeside({ beside, judge }: SearchFlags, { model }: ChosenModel, steps: number): void {
  checkBelong({ '--beside': beside }, '--judge with more than 0 images', judge > 0);
  for (const name of beside ?? []) naming('--beside', () => byName(name, model.topology, steps));
}

/** Refuses to take the distance of one image, where an objective is of sets. */
function checkSets({ finalSeeds, judge }: SearchFlags, { measures }: ChosenObjectives): void {
  const ofSets = measures.find(({ judges }) => judges === 'set');
  const odd = finalSeeds === 1 ? '--final-seeds' : judge === 1 ? '--judge' : undefined;
  if (ofSets && odd)
    throw new ProCacheError(
      'invalid-input',
      `${odd} 1: ${ofSets.name} is a distance of sets, and one image is none; use 2 or more, or 0`,
    );
}

function seedsOf({ seed, seeds, finalSeeds, judge }: SearchFlags): SeedSets {
  const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);
  return {
    search: from(seed, seeds),
    final: from(seed + FINAL_SEEDS, finalSeeds),
    judge: from(seed + JUDGE_SEEDS, judge),
  };
}

/** The conditions in turn, in strides of about 0.618 of the list, so that a few seeds meet some from all of it. */
function inTurn<T>(conditions: readonly T[]): (seed: number) => T {
  const count = conditions.length;
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let stride = Math.max(1, Math.round(0.618 * count));
  while (divisor(stride, count) > 1) stride++;
  return (seed) => conditions[((seed % count) * stride) % count]!;
}

function headerOf({
  flags,
  chosen,
  process,
  steps,
  conditions,
  seeds,
  space,
  objectives,
  budgets,
}: Omit<SearchJob, 'header'>): StudyHeader {
  const { candidates, iterations, mostImages, seed, target } = flags;
  return {
    model: chosen.fingerprint,
    sampler: process.sampler,
    steps,
    guidance: process.guidance?.scale ?? 1,
    images: {
      labels: conditions.length === chosen.model.takes.count ? 'all' : conditions,
      timesteps: process.rule,
      eta: process.eta,
      ...(process.sde && { sde: { ...process.sde } as Json }),
      process: processOf(chosen.model.defaults),
    },
    seeds: seeds.search,
    finalSeeds: seeds.final,
    versions: { procache: VERSION, onnxruntime: runtimeVersion(), processor: globalThis.process.arch },
    objectives: objectives.measures.map(({ name }) => name),
    strategy: {
      name: flags.strategy,
      seed,
      candidates: candidates ?? null,
      iterations: iterations ?? null,
      mostImages: mostImages ?? null,
    },
    constraints: {
      ...(space.described as Readonly<Record<string, Json>>),
      ...(budgets ? { budgets } : { milliseconds: target!, images: timedImages(flags) }),
      data: asJson(objectives.files, 'files'),
    },
  };
}

/** How the model draws, as JSON has it, betas of a training by their hash: others make other images. */
function processOf({ trainedBetas, ...settings }: SamplingDefaults): Json {
  const betas = trainedBetas && createHash('sha256').update(JSON.stringify(trainedBetas)).digest('hex').slice(0, 16);
  const given = Object.entries({ ...settings, trainedBetas: betas }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Readonly<Record<string, Json>>;
}

/** What a schedule of some budget says in its notes of where it comes from. */
export function notesOf(
  { header, chosen, flags }: SearchJob,
  { constraints }: PatternSpace,
): Readonly<Record<string, unknown>> {
  const { reuse, ...rest } = constraints;
  const bounds = {
    ...rest,
    reuse: { least: reuse[0], most: reuse[1] },
    ...(flags.target !== undefined && { milliseconds: flags.target, images: timedImages(flags) }),
  };
  return { model: chosen.name, ...provenanceOf(header), constraints: bounds };
}
