import { type PlanCost, summarise } from '@procache/core';
import type { TimedRun } from '@procache/compare';
import { formatTable, milliseconds, percent, ratio, seconds, wrapText } from '@procache/text';
import type { Ink } from '../ink.ts';
import type { Job } from './job.ts';
import type { Beside } from './make-images.ts';
import type { WrittenFiles } from './output.ts';
import { computedStep } from './result-object.ts';

/** What is generated: `fashion-dit: 10 images of 32x32, 50 steps of ddim, guidance 1.5`, and the schedule below it. */
export function jobLines({ chosen, sampling, schedule }: Job): string {
  const { conditions, steps, sampler, guidance } = sampling;
  const { height, width } = chosen.model.latent;
  const images = `${counted(conditions.length, 'image')} of ${height}x${width}`;
  const guided = guidance ? `, guidance ${guidance.scale}` : '';
  const weights = chosen.weights === undefined ? '' : `\nweights: ${weightsText(chosen.weights)}`;
  return `${chosen.name}: ${images}, ${steps.count} steps of ${sampler}${guided}\nschedule: ${schedule.name}${weights}`;
}

/** Which weights of the file are taken, below one another where it takes several lines. */
function weightsText(weights: string): string {
  return wrapText(weights, 70).join(`\n${' '.repeat('weights: '.length)}`);
}

/** A run at a glance: its letters, and what the steps of each took. */
export function runSummary(run: TimedRun, ink: Ink): string {
  const { timeline, letters, milliseconds: inModel } = summarise(run.records);
  const rows = Object.entries(letters).map(([letter, { steps, medianMilliseconds }]) => {
    const own = run.records.filter((record) => record.letter === letter);
    const total = own.reduce((sum, record) => sum + record.milliseconds, 0);
    const times = [milliseconds(medianMilliseconds), seconds(total), percent(total / inModel)];
    return [letter, own[0]!.kind, steps, ...times];
  });
  const table = formatTable(['letter', 'step', 'steps', 'median', 'together', 'share'], rows);
  const inLines = wrapText(timeline, 76).join('\n'); // it has no spaces to break at
  return [ink.strong(indent(inLines)), '', indent(table.trimEnd()), ''].join('\n');
}

/** How much faster the cached run was than the uncached one, and how close it came. */
export function comparisonSummary(
  { cached, uncached, disturbed }: Beside,
  name: string,
  cost: PlanCost,
  ink: Ink,
): string {
  const { speedup, closeness } = cached;
  const rounds = cached.milliseconds.length;
  const times = formatTable(
    ['', rounds > 1 ? 'wall clock, median' : 'wall clock'],
    [
      ['uncached', seconds(uncached.median)],
      [name, seconds(cached.median)],
    ],
  );
  const spread =
    rounds > 1 ? `${rounds} rounds in turns, ${ratio(speedup.least)} to ${ratio(speedup.greatest)}` : '1 round';
  const lines: (readonly [string, string, string])[] = [
    ['speed-up', ink.strong(ratio(speedup.ratio)), `wall clock; ${spread}`],
    ['multiply-adds', ratio(cost.multiplyAddRatio), 'fewer, counted: arithmetic, not time'],
  ];
  if (closeness.pixels) {
    const { psnr, psnrByImage, ssim } = closeness.pixels;
    const worst = `${Math.min(...psnrByImage).toFixed(1)} dB`;
    const decibels = psnr === Infinity ? 'identical' : `${psnr.toFixed(1)} dB`;
    lines.push(['PSNR', decibels, `to the uncached images; the worst has ${worst}`]);
    if (ssim !== undefined) lines.push(['SSIM', ssim.toFixed(3), 'mean over the images; 1 is identical']);
  }
  lines.push(['latent error', closeness.latentError.toFixed(3), 'relative L2; 0 is identical']);
  const columns = lines.map(([what, value, note]) => `  ${what.padEnd(14)} ${padded(value, 9)}  ${ink.faint(note)}`);
  const warning = disturbed ? [...disturbance(cached, uncached, ink), ''] : [];
  return [indent(times.trimEnd()), '', ...columns, '', ...warning].join('\n');
}

function disturbance(cached: Beside['cached'], uncached: Beside['cached'], ink: Ink): readonly string[] {
  return [
    `  ${ink.alarm('These times are not to be trusted')}: a computed step took ` +
      `${milliseconds(computedStep(uncached))} in the uncached`,
    `  run and ${milliseconds(computedStep(cached))} in the other, though it is the same work. Something else is using`,
    '  this machine; try again when it is idle, or with more rounds (--repeat).',
  ];
}

/** Which files there are now, those that are looked at first before the others. */
export function fileLines(
  { pictures, grid, compare, latents, trajectory, removed = [] }: WrittenFiles,
  folder: string,
): readonly string[] {
  const undecoded = "This model's latents cannot be decoded to pictures yet, so they are saved as they are.";
  const [first, ...more] = pictures;
  return [
    grid === undefined ? undecoded : undefined,
    ...[compare, grid, latents, trajectory],
    first === undefined || more.length === 0 ? first : `${first} and ${more.length} more`,
    removed.length === 0 ? undefined : `${counted(removed.length, 'picture')} of an earlier run removed from ${folder}`,
  ].filter((line) => line !== undefined);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Padding that does not count what only colours. */
function padded(text: string, width: number): string {
  const visible = text.replaceAll(/\x1b\[\d+m/g, ''); // eslint-disable-line no-control-regex
  return ' '.repeat(Math.max(0, width - visible.length)) + text;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
