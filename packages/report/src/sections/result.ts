import { nameText } from '../markup.ts';
import { figure, type Section } from '../page.ts';
import type { ReportedContestant, ReportedObjective, SearchReport } from '../report-data.ts';
import { shownRange, shownScore, unitOf } from '../shown-score.ts';
import { dataTable, type Head } from '../table.ts';

/** What was found beside what else there is, on images that nobody chose anything by. */
export function resultSection({ objectives, images, judged, timedImages }: SearchReport): Section {
  const [first, ...others] = objectives;
  const rows = judged.map(({ name, kind, computed, scores, interval, speedup, multiplyAddRatio }) => ({
    heading: nameText(name),
    isFound: kind === 'found',
    cells: [
      String(computed),
      shownScore(scores[first.name]!),
      shownRange(interval, ' to '),
      ...others.map((objective) => shownScore(scores[objective.name]!)),
      speedup.toFixed(2),
      multiplyAddRatio.toFixed(2),
    ],
  }));
  const unseenBy = images.final > 0 ? 'neither the search nor its final race has' : 'the search has not';
  const caption = `what was found beside other schedules, on ${images.judged} images`;
  return {
    title: 'The result',
    words: [
      `Measured on ${images.judged} images that ${unseenBy} seen. ${comparedWith(objectives)} ` +
        `The speed-up is by the clock, of ${timedImages} images on one worker; ` +
        'arithmetic is counted. Forecasts of every branch take more time than their arithmetic, those of the ' +
        'stack do not.',
      ...surpassing(judged, first),
    ],
    content: [figure(caption, dataTable({ caption, heads: headsOf(objectives), rows }))],
  };
}

/** What the images are compared with. */
function comparedWith(objectives: SearchReport['objectives']): string {
  const of = (judges: ReportedObjective['judges']): string =>
    objectives
      .filter((one) => one.judges === judges)
      .map(({ name }) => name)
      .join(' and ');
  return [
    ...(of('image') ? [`Each is compared with the uncached image from the same noise (${of('image')}).`] : []),
    ...(of('set') ? [`All together are compared with the data that was given (${of('set')}).`] : []),
  ].join(' ');
}

function headsOf([first, ...others]: SearchReport['objectives']): readonly Head[] {
  return [
    { name: 'schedule' },
    { name: 'computed', unit: 'steps' },
    scoreHead(first),
    { name: '95 % sure', unit: 'from, to' },
    ...others.map(scoreHead),
    { name: 'speed-up', unit: 'times' },
    { name: 'arithmetic', unit: 'times less' },
  ];
}

/** The head of a column of scores. */
export function scoreHead({ name }: ReportedObjective): Head {
  return { name, unit: unitOf(name) };
}

/** Whether one score is better than another. */
export function isBetter(a: number, b: number, { better }: ReportedObjective): boolean {
  return better === 'lower' ? a < b : a > b;
}

/**
 * A sentence for each found schedule that something with no more computed steps surpasses: nobody should have to notice
 * it by himself.
 */
function surpassing(judged: readonly ReportedContestant[], objective: ReportedObjective): readonly string[] {
  const scoreOf = ({ scores }: ReportedContestant): number => scores[objective.name]!;
  return judged.flatMap((own) => {
    if (own.kind !== 'found') return [];
    const better = judged.filter(
      (one) => one.computed <= own.computed && isBetter(scoreOf(one), scoreOf(own), objective),
    );
    if (better.length === 0) return [];
    const names = better.map(({ name, computed }) => `${nameText(name)} (${computed} computed)`).join(', ');
    return [`On these images ${names} did better than "${nameText(own.name)}" with no more computed steps.`];
  });
}
