import type { NamedSchedule } from '../deed.ts';
import { element, type Markup, nameText, text } from '../markup.ts';
import { figure, type Section } from '../page.ts';
import type { ReportedCandidate, ReportedBudget, ReportedObjective, SearchReport } from '../report-data.ts';
import { shownScore } from '../shown-score.ts';
import { patternStrip, stripKey } from '../strips.ts';
import { dataTable, type Head, type Row } from '../table.ts';
import { isBetter } from './result.ts';

/** Candidates that are shown of each budget. */
const MOST = 8;

/** The best candidates of every budget, and the methods beside them, as strips. */
export function candidatesSection(report: SearchReport): Section {
  const { budgets, objectives, images, judged } = report;
  const groups = budgets.map((budget) => ({ budget, rows: rowsOf(budget) }));
  const searched = groups.map(({ budget, rows }) => group(`${budget.computed} computed steps`, headsOf(report), rows));
  const methods = judged.filter(({ kind }) => kind === 'method');
  const beside = methods.map(({ name, schedule, scores }): StripRow => ({
    name: nameText(name),
    schedule,
    scores: [shownScore(scores[objectives[0].name]!)],
  }));
  const besideHeads = [
    { name: 'schedule' },
    { name: 'steps' },
    { name: objectives[0].name, unit: `on ${images.judged} images of the result` },
  ];
  const content = [
    figure('the best candidates of the search, step by step', stripKey(groups.flatMap(({ rows }) => rows)), searched),
  ];
  if (beside.length > 0)
    content.push(
      figure('published methods, step by step', stripKey(beside), group('Published methods', besideHeads, beside)),
    );
  return {
    title: 'Candidates',
    words: [
      'One column per step, the noisiest at the left, with its letter below. The higher a bar, the higher the ' +
        'degree of the forecast; it stands where branches are reused one by one, and hangs where the stack is ' +
        'reused as a whole. ' +
        'Patterns that made the same images are shown once.',
      ...budgets.flatMap((budget) => surpassing(budget, objectives[0], images.final > 0)),
    ],
    content,
  };
}

interface StripRow extends NamedSchedule {
  readonly scores: readonly string[];
  readonly isFound?: boolean;
}

function headsOf({ objectives, images }: SearchReport): readonly Head[] {
  const { name } = objectives[0];
  const final = images.final > 0 ? [{ name, unit: `on ${images.final} images of the final race` }] : [];
  return [
    { name: 'schedule' },
    { name: 'steps' },
    { name, unit: `on ${images.search} images of the search` },
    ...final,
  ];
}

/** What was found first, then the others as the images of the search rank them. */
function shownOf({ candidates }: ReportedBudget): readonly ReportedCandidate[] {
  const found = candidates.filter(({ isFound }) => isFound);
  return [...found, ...candidates.filter(({ isFound }) => !isFound)].slice(0, MOST);
}

function rowsOf(budget: ReportedBudget): readonly StripRow[] {
  const hasFinal = budget.candidates.some(({ final }) => final !== undefined);
  return shownOf(budget).map(({ schedule, search, final, isFound }, i) => ({
    name: isFound ? 'found' : `candidate ${i}`,
    schedule,
    isFound,
    scores: [shownScore(search), ...(hasFinal ? [final === undefined ? '-' : shownScore(final)] : [])],
  }));
}

function group(title: string, heads: readonly Head[], rows: readonly StripRow[]): Markup {
  const lines = rows.map((row): Row => ({
    heading: row.name,
    cells: [patternStrip(row), ...row.scores.map((score) => text(score))],
    isFound: row.isFound ?? false,
  }));
  return element(
    'div',
    {},
    element('h3', {}, text(title)),
    dataTable({ caption: title, heads, rows: lines, isMarkup: true, className: 'strips' }),
  );
}

/** Why a candidate with a better score is not what was found. */
function surpassing(budget: ReportedBudget, objective: ReportedObjective, hasFinal: boolean): readonly string[] {
  const shown = shownOf(budget);
  const found = shown.find(({ isFound }) => isFound);
  if (!found || !hasFinal) return [];
  const better = shown.flatMap(({ search, isFound }, i) =>
    !isFound && isBetter(search, found.search, objective) ? [i] : [],
  );
  if (better.length === 0) return [];
  const names = better.length === 1 ? `Candidate ${better[0]!} was` : `Candidates ${better.join(', ')} were`;
  return [
    `${budget.computed} computed: ${names} better than what was found on the images of the search, and worse on ` +
      'the fresh images of the final race, which decide.',
  ];
}
