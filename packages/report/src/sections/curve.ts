import { type BudgetPlot, budgetPlot, plotKey, type PlotPoint, type PlotSeries, undrawn } from '../budget-plot.ts';
import { nameText } from '../markup.ts';
import { figure, type Section } from '../page.ts';
import type { ReportedContestant, ReportedObjective, SearchReport } from '../report-data.ts';
import { shownRange, shownScore, unitOf } from '../shown-score.ts';
import { numbersOf, type TableData } from '../table.ts';

/** Measured candidates that are drawn of each budget: the best. A plot with more is a blot, and megabytes. */
const MOST_CANDIDATES = 300;

/** Score over computed steps: predicted for every budget, measured for those that were searched. */
export function curveSection(report: SearchReport): Section {
  const objective = curveObjective(report);
  const series = seriesOf(report, objective).filter(({ points }) => points.length > 0);
  const unit = unitOf(objective.name);
  const isError =
    objective.better === 'lower' && series.every(({ points }) => points.every(({ score }) => !(score < 0)));
  const scale = isError ? 'logarithmic' : 'linear';
  const plot: BudgetPlot = { series, score: unit ? `${objective.name}, ${unit}` : objective.name, scale };
  const kind = objective.better === 'lower' ? 'Error over budget' : 'Score over budget';
  const title = objective === report.objectives[0] ? kind : `${kind} (${objective.name})`;
  if (series.length === 0) return { title, words: ['Nothing was measured that could be drawn here.'], content: [] };
  const name = `${objective.name} over computed steps`;
  return {
    title,
    words: wordsOf(report, plot),
    content: [
      figure(name, plotKey(series), budgetPlot(plot)),
      numbersOf('The numbers of this picture', numbersTable(plot, name)),
    ],
  };
}

/** The objective that the curve shows: errors if there are any, as a logarithmic scale suits them. */
function curveObjective({ objectives }: SearchReport): ReportedObjective {
  return objectives.find(({ name }) => name === 'latent-error') ?? objectives[0];
}

/** What the marks are: which images stand behind them, where they come from, how many there is no place for. */
function wordsOf({ images, judged, budgets }: SearchReport, plot: BudgetPlot): readonly string[] {
  const most = Math.max(0, ...budgets.map(({ measured }) => measured.length));
  const some = most > MOST_CANDIDATES ? `, the best ${MOST_CANDIDATES} of each budget` : '';
  const hasBars = plot.series.some(({ points }) => points.some(({ interval }) => interval !== undefined));
  const bars = hasBars ? ', with 95 % intervals as bars' : '';
  const marks = [
    `Dots are the candidates on the ${images.search} images of the search${some}.`,
    `All other marks are of the ${images.judged} images of the result${bars}.`,
    'The images differ: a dot with a better score than the mark of what was found is no better schedule.',
  ];
  const predicted =
    'The predicted curve comes from one recording of uncached trajectories, and is lower than what is measured where ' +
    'it promises most.';
  const missing = undrawn(plot);
  const leftOut = `Of ${missing} more the score is 0 or no number, and has no place on this scale.`;
  return [
    (judged.length > 0 ? marks : marks.slice(0, 1)).join(' '),
    ...(plot.series.some(({ line }) => line === 'dashed') ? [predicted] : []),
    ...(missing > 0 ? [leftOut] : []),
  ];
}

function seriesOf(
  { objectives, judged, budgets, predicted }: SearchReport,
  objective: ReportedObjective,
): readonly PlotSeries[] {
  const isFirst = objective === objectives[0];
  const of = (kind: ReportedContestant['kind']): readonly PlotPoint[] =>
    judged
      .filter((one) => one.kind === kind)
      .map(({ name, computed, scores, interval }) => ({
        name,
        computed,
        score: scores[objective.name]!,
        interval: isFirst ? interval : undefined,
      }))
      .sort((a, b) => a.computed - b.computed);
  const candidates = budgets.flatMap(({ computed, measured }) =>
    measured
      .slice(0, MOST_CANDIDATES)
      .map(({ pattern, scores }) => ({ name: pattern, computed, score: scores[objective.name]! })),
  );
  return [
    { label: 'measured candidates', colour: '--cloud', mark: 'dot', names: 'cloud', points: candidates },
    {
      label: 'predicted',
      colour: '--predicted',
      mark: 'none',
      line: 'dashed',
      names: 'none',
      points: objective.name === 'latent-error' ? predicted : [],
    },
    {
      label: 'plain steps',
      colour: '--fewer',
      mark: 'triangle',
      line: 'solid',
      names: 'first',
      aside: 1,
      points: of('fewer'),
    },
    { label: 'published methods', colour: '--method', mark: 'square', names: 'all', aside: -1, points: of('method') },
    { label: 'found', colour: '--found', mark: 'circle', line: 'solid', names: 'first', points: of('found') },
  ];
}

function numbersTable({ series, score }: BudgetPlot, caption: string): TableData {
  const rows = series.flatMap(({ label, points, names }) =>
    (names === 'cloud' ? [] : points).map(({ name, computed, score: own, interval }) => ({
      heading: nameText(name),
      cells: [label, String(computed), shownScore(own), shownRange(interval, ' to ')],
    })),
  );
  const heads = [
    { name: 'schedule' },
    { name: 'kind' },
    { name: 'computed', unit: 'steps' },
    { name: score },
    { name: '95 % sure', unit: 'from, to' },
  ];
  return { caption, heads, rows };
}
