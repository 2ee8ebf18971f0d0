import { formatSchedule } from '@procache/core';
import { type BranchMovement, budgetCurve, errorModel, meanScore } from '@procache/search';
import { ratio } from '../../units.ts';
import type { Contestant } from '../contestants.ts';
import type { SearchJob } from '../job.ts';
import type { JudgedContestant } from '../judging.ts';
import { foundSchedule } from '../outcome-files.ts';
import type { SearchOutcome } from '../run-search.ts';
import { intervalText, shownScore } from '../shown-score.ts';
import { budgetCurvePlot, curveKey, type CurvePoint, type CurveSeries } from './curve.ts';
import { heatKey, heatMap, strongest } from './heat-map.ts';
import { element, type Markup, text } from './markup.ts';
import { facts, htmlTable, type Section } from './page.ts';
import { type Samples, sampleTable } from './samples.ts';
import { patternStrips, type StripRow, stripKey } from './strips.ts';

/** What was found beside what else there is, on images that nobody chose anything by. */
export function judgedSection({ objectives, seeds }: SearchJob, { judged }: SearchOutcome): Section {
  const names = objectives.measures.map(({ name }) => name);
  const rows = judged.map(({ name, kind, computed, multiplyAddRatio, speedup, judged: own }) => ({
    isFound: kind === 'found',
    cells: [name, String(computed), ...names.flatMap((objective, i) => [shownScore(meanScore(own.scores, objective)), ...(i === 0 ? [intervalText(own, ' to ')] : [])]), ratio(speedup), ratio(multiplyAddRatio)],
  }));
  const headings = ['schedule', 'computed steps', names[0]!, '95 % sure', ...names.slice(1), 'speed-up', 'less arithmetic'];
  return {
    title: 'The result',
    words: [`Measured on ${seeds.judge.length} images that neither the search nor its final race has seen, each compared with the uncached image from the same noise. The speed-up is by the clock, of 4 images on one worker; arithmetic is counted. Forecasts of every branch take more time than their arithmetic, those of the stack do not.`],
    content: [element('figure', {}, htmlTable(headings, rows))],
  };
}

/** How many partial patterns dynamic programming keeps for the curve: few, as a picture needs no better. */
const CURVE_WIDTH = 4;

/** Error over computed steps: predicted for every budget, measured for those that were searched. */
export function curveSection(job: SearchJob, outcome: SearchOutcome): Section {
  const series = curveSeries(job, outcome);
  const { name } = job.objectives.measures[0];
  return {
    title: 'Error over budget',
    words: ['Faint marks are the candidates that were measured on all images of the search; bars are 95 % intervals. The predicted curve comes from one recording of uncached trajectories, and is lower than what is measured where it promises most.'],
    content: [element('figure', {}, curveKey(series), budgetCurvePlot(series, curveObjective(job)))],
    ...(name !== curveObjective(job) && { title: `Error over budget (${curveObjective(job)})` }),
  };
}

/** The objective that the curve shows: errors if there are any, as a logarithmic scale suits them. */
function curveObjective({ objectives }: SearchJob): string {
  return objectives.measures.find(({ name }) => name === 'latent-error')?.name ?? objectives.measures[0].name;
}

function curveSeries(job: SearchJob, { budgets, judged, recording }: SearchOutcome): readonly CurveSeries[] {
  const objective = curveObjective(job);
  const of = (kind: Contestant['kind']): readonly CurvePoint[] =>
    judged.filter((one) => one.kind === kind).map((one) => pointOf(one, objective, job)).sort((a, b) => a.computed - b.computed);
  const candidates = budgets.flatMap(({ budget, result }) => result.ranking.map(({ pattern, scores }) => ({ name: pattern, computed: budget, error: meanScore(scores, objective) })));
  const all: readonly CurveSeries[] = [
    { label: 'measured candidates', colour: '--found', line: 'none', isCloud: true, points: candidates },
    { label: 'predicted', colour: '--predicted', line: 'dashed', points: objective === 'latent-error' && recording ? predictedCurve(job, recording, budgets) : [] },
    { label: 'fewer steps, no caching', colour: '--fewer', line: 'solid', points: of('fewer') },
    { label: 'published methods', colour: '--method', line: 'none', points: of('method') },
    { label: 'found', colour: '--found', line: 'solid', points: of('found') },
  ];
  return all.filter(({ points }) => points.length > 0);
}

function pointOf({ name, computed, judged }: JudgedContestant, objective: string, { objectives }: SearchJob): CurvePoint {
  const { low, high } = judged.interval;
  const isFirst = objectives.measures[0].name === objective;
  return { name, computed, error: meanScore(judged.scores, objective), ...(isFirst && Number.isFinite(low) && { interval: [low, high] as const }) };
}

/** The least predicted error of every budget up to the largest that was searched. */
function predictedCurve({ space }: SearchJob, recording: NonNullable<SearchOutcome['recording']>, budgets: SearchOutcome['budgets']): readonly CurvePoint[] {
  const widest = budgets.reduce((a, b) => (b.budget > a.budget ? b : a));
  const longest = Math.max(...budgets.map((own) => own.space.constraints.reuse[1]));
  const least = Math.min(...budgets.map((own) => own.space.constraints.reuse[0]));
  const curve = budgetCurve(errorModel(recording, space.alphabet), {
    constraints: { ...widest.space.constraints, reuse: [least, longest] },
    letters: space.alphabet.reused,
    width: CURVE_WIDTH,
  });
  const smallest = Math.min(...budgets.map(({ budget }) => budget));
  return curve.flatMap(([best], i) => (best && i + 1 >= Math.min(smallest, widest.budget - 4) ? [{ name: `predicted: ${best.pattern}`, computed: i + 1, error: best.error }] : []));
}

/** Candidates that are shown of each budget. */
const CANDIDATES = 8;

/** The best candidates of every budget, and the methods beside them, as strips. */
export function candidatesSection(job: SearchJob, { budgets, judged }: SearchOutcome): Section {
  const [first] = job.objectives.measures;
  const groups = budgets.map(({ budget, result: { best, ranking } }) => {
    const distinct = [...new Map(ranking.toReversed().map((one) => [String(one.losses), one])).values()].reverse();
    const shown = [...new Set([ranking.find(({ pattern }) => pattern === best.pattern)!, ...distinct])].slice(0, CANDIDATES);
    const rows = shown.map((one, i): StripRow => ({ name: i === 0 ? 'found' : `candidate ${i}`, schedule: one.schedule, score: shownScore(Math.abs(one.loss)), isFound: i === 0 }));
    return { heading: `${budget} computed steps; ${first.name} on the images of the search`, rows };
  });
  const methods = judged.filter(({ kind }) => kind === 'method');
  const others = methods.map(({ name, schedule, judged: own }): StripRow => ({ name, schedule, score: shownScore(Math.abs(own.interval.mean)) }));
  const all = others.length > 0 ? [...groups, { heading: `published methods; ${first.name} on the images of the table above`, rows: others }] : groups;
  return {
    title: 'Candidates',
    words: ['One cell per step, the noisiest at the left; solid cells are computed. Patterns that made the same images are shown once.'],
    content: [element('figure', {}, stripKey(groups.flatMap(({ rows }) => rows.map(({ schedule }) => schedule))), patternStrips(all))],
  };
}

/** Feature change per step and block, and error after reuse over gap and depth: the analysis of the paper's section 3. */
export function movementSection(movement: readonly BranchMovement[]): Section {
  const modules = [...new Set(movement.map(({ branch }) => branch.split('.')[1]!))];
  const of = (module: string) => movement.filter(({ branch }) => branch.endsWith(`.${module}`));
  const mostChange = strongest(movement.map(({ change }) => change.map(({ relativeL1 }) => relativeL1)));
  const mostError = strongest(movement.map(({ reuseError }) => reuseError));
  const rows = (module: string) => of(module).map(({ branch }) => branch.split('.')[0]!);
  const steps = movement[0]?.change.length ?? 0;
  const changes = modules.map((module) =>
    element('figure', {}, element('p', {}, text(`Change of ${module} from the step before`)), heatMap({ rows: rows(module), columns: Array.from({ length: steps }, (_, i) => String(i + 1)), values: of(module).map(({ change }) => change.map(({ relativeL1 }) => relativeL1)), xLabel: 'step', yLabel: 'block', cell: [16, 16] }, mostChange)),
  );
  const errors = modules.map((module) =>
    element('figure', {}, element('p', {}, text(`Error of ${module} where it is reused so many steps later`)), heatMap({ rows: rows(module), columns: Array.from({ length: movement[0]?.reuseError.length ?? 0 }, (_, i) => String(i + 1)), values: of(module).map(({ reuseError }) => reuseError), xLabel: 'steps later', yLabel: 'block', cell: [32, 16] }, mostError)),
  );
  return {
    title: 'How features move',
    words: ['Measured from this model on uncached trajectories of two images. The relative L1 change: the sum of absolute differences by the sum of absolute values. Where a step differs little from the one before, reuse costs little.'],
    content: [heatKey(mostChange), element('div', { class: 'beside' }, changes), heatKey(mostError), element('div', { class: 'beside' }, errors)],
  };
}

/** The same images, uncached and with each schedule. */
export function samplesSection(samples: Samples | undefined): Section {
  if (!samples) return { title: 'Images', words: ['This model draws latents, which nothing here decodes to pictures.'], content: [] };
  return { title: 'Images', words: ['The same noise and labels in every row.'], content: [element('figure', {}, sampleTable(samples))] };
}

/** What it takes to do it again, and to use what was found. */
export function reproduceSection(job: SearchJob, outcome: SearchOutcome, commandLine: string): Section {
  const { header, chosen, seeds } = job;
  const { versions } = header;
  const range = (own: readonly number[]): string => (own.length > 0 ? `${own.length}, from ${own[0]!} on` : 'none');
  const schedules = outcome.budgets.map(({ budget }): Markup =>
    element('details', {}, element('summary', {}, text(`found-${budget}.json`)), element('pre', {}, element('code', {}, text(formatSchedule(foundSchedule(job, outcome, budget)))))),
  );
  return {
    title: 'To do it again',
    words: [],
    content: [
      facts([
        ['command', commandLine],
        ['model', `${chosen.name}, fingerprint ${chosen.fingerprint}`],
        ['sampler', `${header.sampler}, ${header.steps} steps, guidance ${header.guidance}`],
        ['seeds of the search', range(seeds.search)],
        ['of the final race', range(seeds.final)],
        ['of the table', range(seeds.judge)],
        ['versions', Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')],
      ]),
      ...schedules,
    ],
  };
}

/** One line: what the page is about. */
export function subtitleOf({ chosen, process, steps }: SearchJob, { budgets }: SearchOutcome): string {
  const guided = process.guidance ? `, guidance ${process.guidance.scale}` : '';
  const best = budgets.map(({ budget, result }) => `${budget} computed: ${shownScore(Math.abs(result.best.loss))}`).join('; ');
  return `${chosen.name}, ${steps} steps of ${process.sampler}${guided}. ${best}.`;
}
