import { shownName } from '@procache/core/untrusted';
import {
  type BudgetOutcome,
  type Campaign,
  type CampaignOutcome,
  type Doing,
  type Effort,
  intervalOf,
  type JudgedContestant,
  meanScore,
} from '@procache/search';
import { clock, counted, fitsTable, formatTable, milliseconds, ratio, wrapText } from '@procache/text';
import { shownRange, shownScore, unitOf } from './shown-score.ts';

/** Makes a text stand out in a terminal. */
export type Strong = (text: string) => string;

const WIDTH = 80;

/** What is searched, in lines of at most 80 letters: the model, the sampler, the space of each budget. */
export function campaignText({
  model,
  sampling,
  steps,
  space,
  strategy,
  measures,
  seeds,
  budgets,
  target,
}: Campaign): string {
  const guided = sampling.guidance ? `, guidance ${sampling.guidance.scale}` : '';
  const within = target ? `, at most ${target.milliseconds} ms` : '';
  const spaces = (budgets ?? []).map((budget) => `${count(space.spaceOf(budget).size)} with ${budget} computed`);
  const letters = [...space.alphabet.reused, ...space.alphabet.selective].join(' ');
  const lines = [
    `${model.name}: ${counted(steps, 'step')} of ${sampling.sampler ?? 'ddim'}${guided}${within}`,
    ...(spaces.length > 0 ? [`schedules: ${spaces.join(', ')}; reused steps are one of ${letters}`] : []),
    `strategy ${strategy.strategy ?? 'combined'}, by ${measures[0].name} of ${counted(seeds.search.length, 'image')}`,
  ];
  return lines.flatMap((line) => wrapText(line, WIDTH, (text) => text.length)).join('\n');
}

/** What a search is doing, in words. */
export function doingText(doing: Doing, { measures, seeds }: Campaign): string {
  switch (doing.doing) {
    case 'timing steps':
      return 'measuring what steps take';
    case 'recording':
      return 'recording uncached trajectories';
    case 'searching': {
      const { budget, best, tried } = doing;
      const score = best ? `best ${shownScore(meanScore(best.scores, measures[0].name))}, ` : '';
      return `${budget} computed: ${score}${tried} tried`;
    }
    case 'judging':
      return `judging on ${seeds.judge.length} fresh images`;
    case 'timing what was found':
    case 'timing what is judged':
      return doing.doing;
  }
}

/** What was found, beside what else there is, in lines of at most 80 letters. `effort` is that of the whole. */
export function outcomeText(campaign: Campaign, outcome: CampaignOutcome, effort: Effort, strong: Strong): string {
  const found = outcome.budgets.flatMap((own) => ['', ...budgetLines(own, campaign, strong)]);
  const judged = outcome.judged.length > 0 ? ['', ...judgedLines(campaign, outcome, strong)] : [];
  const { milliseconds: searching, cpuMilliseconds: busy } = outcome.effort;
  const spent =
    `${outcome.evaluations} evaluations in ${clock(searching)}, ${clock(busy ?? 0)} of processor time; ` +
    `with judging ${clock(effort.milliseconds)}`;
  return [...found, ...judged, '', spent].join('\n');
}

function budgetLines(
  { budget, result, milliseconds: time }: BudgetOutcome,
  { measures, target }: Campaign,
  strong: Strong,
): readonly string[] {
  const { best, lead, finalists, ranking } = result;
  const [first] = measures;
  const seeds = `${best.seeds.length} ${finalists.length > 0 ? 'fresh ' : ''}images`;
  const value = meanScore(best.scores, first.name);
  const surely = !lead
    ? ''
    : lead.low > 0
      ? '; surely better than the next'
      : '; the next is as good, as far as these images tell';
  const tried = `the best of ${ranking.length}: ${first.name} ${shownScore(value)} on ${seeds}${surely}`;
  const timed =
    time === undefined || !target
      ? ''
      : `; ${target.images} images took ${milliseconds(time)}, and the target is ${milliseconds(target.milliseconds)}`;
  return [
    `${strong(`${budget} computed`)}  ${best.pattern}`,
    ...wrapText(tried + timed, WIDTH - 2, (text) => text.length).map((line) => `  ${line}`),
  ];
}

function judgedLines({ measures, seeds }: Campaign, { judged }: CampaignOutcome, strong: Strong): readonly string[] {
  const [first, ...others] = measures;
  const columns: readonly Column[] = [
    { heading: 'judged', of: ({ name }) => shownName(name) },
    { heading: 'steps', of: ({ computed }) => computed },
    { heading: first.name, of: ({ judged: own }) => shownScore(meanScore(own.scores, first.name)) },
    { heading: '95 % sure', of: ({ judged: own }) => shownRange(intervalOf(own, first)) },
    { heading: 'speed-up', of: ({ speedup }) => ratio(speedup) },
  ];
  const further = others.map(({ name }): Column => ({
    heading: unitOf(name) === 'dB' ? `${name} (dB)` : name,
    of: ({ judged: own }) => shownScore(meanScore(own.scores, name)),
  }));
  const { judge } = seeds;
  return [
    `${strong('Judged')} on ${judge.length} images that the search has not seen (seeds ${judge[0]!} to ` +
      `${judge.at(-1)!}):`,
    ...tablesOf(judged, [...columns.slice(0, -1), ...further, columns.at(-1)!], [columns, [columns[0]!, ...further]]),
  ];
}

/** A column of the table of what was judged. */
interface Column {
  readonly heading: string;
  readonly of: (contestant: JudgedContestant) => string | number;
}

/** One table where the width allows it, else several, so that no name and no number is broken. */
function tablesOf(
  judged: readonly JudgedContestant[],
  all: readonly Column[],
  apart: readonly (readonly Column[])[],
): readonly string[] {
  const rowsOf = (columns: readonly Column[]) => judged.map((one) => columns.map(({ of }) => of(one)));
  const headingsOf = (columns: readonly Column[]) => columns.map(({ heading }) => heading);
  const tables = fitsTable(headingsOf(all), rowsOf(all), WIDTH) ? [all] : apart;
  return tables.flatMap((columns) => ['', formatTable(headingsOf(columns), rowsOf(columns), WIDTH).trimEnd()]);
}

function count(size: bigint): string {
  if (size < 1_000_000n) return size.toLocaleString('en-GB');
  const digits = String(size); // of more digits than a number has
  const [mantissa, exponent] = Number(`${digits.slice(0, 15)}e0`)
    .toExponential(1)
    .split('e+') as [string, string];
  return `${mantissa}e${Number(exponent) + Math.max(0, digits.length - 15)}`;
}
