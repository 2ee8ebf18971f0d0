import { counted } from '@procache/text';
import { nameText } from './markup.ts';
import { reportPage } from './page.ts';
import type { ImageSets, SearchReport } from './report-data.ts';
import { candidatesSection } from './sections/candidates.ts';
import { curveSection } from './sections/curve.ts';
import { movementSection } from './sections/movement.ts';
import { reproductionSection } from './sections/reproduction.ts';
import { resultSection } from './sections/result.ts';
import { samplesSection } from './sections/samples.ts';
import { shownScore } from './shown-score.ts';

/** The page about a search: one HTML file that needs no other, loads nothing and runs nothing. */
export function searchReport(report: SearchReport): string {
  return reportPage({
    title: `The best caching schedules of ${nameText(report.model)}`,
    subtitle: subtitleOf(report),
    words: [imageSetsSentence(report.images)],
    sections: [
      ...(report.judged.length > 0 ? [resultSection(report)] : []),
      samplesSection(report.samples),
      curveSection(report),
      candidatesSection(report),
      movementSection(report.movement),
      reproductionSection(report.reproduction),
    ],
  });
}

/** One line: what the page is about. */
function subtitleOf({ model, steps, sampler, guidance, objectives, images, budgets }: SearchReport): string {
  const guided = guidance === 1 ? '' : `, guidance ${guidance}`;
  const best = budgets.map(({ computed, best: score }) => `${shownScore(score)} with ${computed} computed`).join('; ');
  const set = images.final > 0 ? 'the images of the final race' : 'the images of the search';
  return (
    `${nameText(model)}, ${counted(steps, 'step')} of ${sampler}${guided}. ` +
    `Found, by ${objectives[0].name} on ${set}: ${best}.`
  );
}

/** Which images stand behind which number: the same schedule has another score on each set. */
export function imageSetsSentence({ search, final, judged }: ImageSets): string {
  const sets = [
    `schedules were searched by ${counted(search, 'image')}`,
    ...(final > 0 ? [`the best of them raced on ${counted(final, 'image')}, which decided what is called found`] : []),
    ...(judged > 0 ? [`the table of the result is of ${counted(judged, 'image')} by which nothing was chosen`] : []),
  ];
  if (sets.length === 1) {
    return (
      `Every score on this page is of ${counted(search, 'image')} that schedules were searched by; ` +
      `it flatters what was found.`
    );
  }
  const intro = `The scores on this page are of ${sets.length === 3 ? 'three' : 'two'} sets of images`;
  return `${intro}, and compare within one set only: ${sets.slice(0, -1).join(', ')}, and ${sets.at(-1)!}.`;
}
