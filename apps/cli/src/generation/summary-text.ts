import { type PlanCost, summarise } from '@procache/core';
import { wrapText } from '@procache/pictures/wrap';
import type { Ink } from '../ink.ts';
import { formatTable } from '../terminal/text-table.ts';
import { milliseconds, percent, ratio, seconds } from '../units.ts';
import { type Comparison, isDisturbed } from './comparison.ts';
import type { Job } from './job.ts';
import type { TimedRun } from './run.ts';

/** What is generated: `fashion-dit: 10 images of 32x32, 50 steps of ddim, guidance 1.5`, and the schedule below it. */
export function jobLines({ chosen, sampling, schedule }: Job): string {
  const { conditions, steps, sampler, guidance } = sampling;
  const { height, width } = chosen.model.latent;
  const images = `${conditions.length} ${conditions.length === 1 ? 'image' : 'images'} of ${height}x${width}`;
  const guided = guidance ? `, guidance ${guidance.scale}` : '';
  const weights = chosen.weights === undefined ? '' : `\nweights: ${weightsText(chosen.weights)}`;
  return `${chosen.name}: ${images}, ${steps.count} steps of ${sampler}${guided}\nschedule: ${schedule.name}${weights}`;
}

/** Which weights of the file are taken, below one another where it takes several lines. */
function weightsText(weights: string): string {
  return wrapText(weights, 70, (line) => line.length).join(`\n${' '.repeat('weights: '.length)}`);
}

/** A run at a glance: its letters, and what the steps of each took. */
export function runSummary(run: TimedRun, ink: Ink): string {
  const { timeline, letters, milliseconds: inModel } = summarise(run.records);
  const kinds = new Map(run.records.map(({ letter, kind }) => [letter, kind]));
  const rows = Object.entries(letters).map(([letter, { steps, medianMilliseconds }]) => {
    const total = run.records
      .filter((record) => record.letter === letter)
      .reduce((sum, record) => sum + record.milliseconds, 0);
    return [
      letter,
      kinds.get(letter) ?? '',
      steps,
      milliseconds(medianMilliseconds),
      seconds(total),
      percent(total / inModel),
    ];
  });
  const table = formatTable(['letter', 'step', 'steps', 'median', 'together', 'share'], rows);
  return [ink.strong(indent(inLines(timeline))), '', indent(table.trimEnd()), ''].join('\n');
}

/** How much faster the cached run was, and how close it came. */
export function comparisonSummary(comparison: Comparison, name: string, cost: PlanCost, ink: Ink): string {
  const { medians, speedup, rounds, closeness } = comparison;
  const times = formatTable(
    ['', rounds.length > 1 ? 'wall clock, median' : 'wall clock'],
    [
      ['uncached', seconds(medians.uncached)],
      [name, seconds(medians.cached)],
    ],
  );
  const spread =
    rounds.length > 1
      ? `${rounds.length} rounds in turns, ${ratio(speedup.least)} to ${ratio(speedup.greatest)}`
      : '1 round';
  const lines: (readonly [string, string, string])[] = [
    ['speed-up', ink.strong(ratio(speedup.ratio)), `wall clock; ${spread}`],
    ['multiply-adds', ratio(cost.multiplyAddRatio), 'fewer, counted: arithmetic, not time'],
  ];
  if (closeness.pixels) {
    const { psnr, psnrByImage, ssim } = closeness.pixels;
    lines.push([
      'PSNR',
      psnr === Infinity ? 'identical' : `${psnr.toFixed(1)} dB`,
      `to the uncached images; the worst has ${Math.min(...psnrByImage).toFixed(1)} dB`,
    ]);
    if (ssim !== undefined) lines.push(['SSIM', ssim.toFixed(3), 'mean over the images; 1 is identical']);
  }
  lines.push(['latent error', closeness.latentError.toFixed(3), 'relative L2; 0 is identical']);
  const warning = isDisturbed(comparison)
    ? [
        `  ${ink.alarm('These times are not to be trusted')}: a computed step took ` +
          `${milliseconds(comparison.computedStep.uncached)} in the uncached`,
        `  run and ${milliseconds(comparison.computedStep.cached)} in the other, though it is the same work. ` +
          `Something else is using`,
        '  this machine; try again when it is idle, or with more rounds (--repeat).',
        '',
      ]
    : [];
  const columns = lines.map(([what, value, note]) => `${what.padEnd(14)} ${padded(value, 9)}  ${ink.faint(note)}`);
  return [indent(times.trimEnd()), '', ...columns.map((line) => `  ${line}`), '', ...warning].join('\n');
}

/** Padding that does not count what only colours. */
function padded(text: string, width: number): string {
  const visible = text.replaceAll(/\x1b\[\d+m/g, ''); // eslint-disable-line no-control-regex
  return ' '.repeat(Math.max(0, width - visible.length)) + text;
}

/** A timeline has no spaces to break at. */
function inLines(timeline: string): string {
  return wrapText(timeline, 76, (line) => line.length).join('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
