import { formatTable, milliseconds, ratio, seconds, wrapText } from '@procache/text';
import type { Closeness } from './closeness.ts';
import type { Comparison, Standing } from './compare.ts';
import { type Emphasis, indented, PLAIN } from './emphasis.ts';

/** What is shown of a comparison besides itself. */
export interface ComparisonTextOptions {
  /** The reference's multiply-adds by those of the other, as `costOf` counts them. */
  readonly multiplyAddRatio: number;
  /** What the other is called; by default its name. */
  readonly name?: string | undefined;
  /** What asks for more rounds, for advice that ends in it: `--repeat`. */
  readonly askForRounds?: string | undefined;
  /** By default none. */
  readonly emphasis?: Emphasis | undefined;
}

/**
 * How much faster the second of two contestants is than the first, and how close it comes; in lines of at most 80
 * columns.
 */
export function comparisonText(
  { results: [reference, own = reference], disturbed }: Comparison,
  options: ComparisonTextOptions,
): string {
  const { multiplyAddRatio, name = own.name, emphasis = PLAIN } = options;
  const rounds = own.milliseconds.length;
  const times = formatTable(
    ['', rounds > 1 ? 'wall clock, median' : 'wall clock'],
    [
      [reference.name, seconds(reference.median)],
      [name, seconds(own.median)],
    ],
  );
  const { ratio: speedup, least, greatest } = own.speedup;
  const spread = rounds > 1 ? `${rounds} rounds in turns, ${ratio(least)} to ${ratio(greatest)}` : '1 round';
  const lines: readonly Line[] = [
    { what: 'speed-up', value: ratio(speedup), note: `wall clock; ${spread}`, isStrong: true },
    { what: 'multiply-adds', value: ratio(multiplyAddRatio), note: 'fewer, counted: arithmetic, not time' },
    ...closenessLines(own.closeness, reference.name),
  ];
  const written = lines.map(({ what, value, note, isStrong = false }) => {
    const padded = value.padStart(9);
    return `  ${what.padEnd(14)} ${isStrong ? emphasis.strong(padded) : padded}  ${emphasis.faint(note)}`;
  });
  const warning = disturbed ? [disturbance(reference, own, options), ''] : [];
  return [indented(times.trimEnd()), '', ...written, '', ...warning].join('\n');
}

/** A measured value, and what there is to know of it. */
interface Line {
  readonly what: string;
  readonly value: string;
  readonly note: string;
  readonly isStrong?: boolean;
}

function closenessLines({ latentError, pixels }: Closeness, reference: string): readonly Line[] {
  const latents: Line = { what: 'latent error', value: latentError.toFixed(3), note: 'relative L2; 0 is identical' };
  if (!pixels) return [latents];
  const { psnr, psnrByImage, ssim } = pixels;
  const decibels = (value: number): string => (value === Infinity ? 'identical' : `${value.toFixed(1)} dB`);
  const worst = decibels(Math.min(...psnrByImage));
  const note = `to the ${reference} images; the worst ${worst === 'identical' ? 'is' : 'has'} ${worst}`;
  const similarity = ssim === undefined ? [] : [{ what: 'SSIM', value: ssim.toFixed(3), note: SSIM_NOTE }];
  return [{ what: 'PSNR', value: decibels(psnr), note }, ...similarity, latents];
}

const SSIM_NOTE = 'mean over the images; 1 is identical';

const DISTRUST = 'These times are not to be trusted';

function disturbance(reference: Standing, own: Standing, options: ComparisonTextOptions): string {
  const { askForRounds, emphasis = PLAIN } = options;
  const rounds = askForRounds === undefined ? 'with more rounds' : `with more rounds (${askForRounds})`;
  const text =
    `${DISTRUST}: a computed step took ${milliseconds(computedStep(reference))} in the ${reference.name} run and ` +
    `${milliseconds(computedStep(own))} in the other, though it is the same work. Something else is using this ` +
    `machine; try again when it is idle, or ${rounds}.`;
  return indented(wrapText(text, 76).join('\n')).replace(DISTRUST, emphasis.alarm(DISTRUST));
}

/** Milliseconds of a step that computes everything, as the first of every schedule does. */
function computedStep({ kinds }: Standing): number {
  return kinds.computed?.median ?? NaN;
}

/** A comparison of two for programs: times in milliseconds of wall clock, without latents and steps. */
export function comparisonObject({ results: [uncached, cached = uncached], disturbed }: Comparison): object {
  return {
    rounds: cached.milliseconds.map((own, round) => ({ cached: own, uncached: uncached.milliseconds[round]! })),
    medians: { cached: cached.median, uncached: uncached.median },
    speedup: cached.speedup,
    computedStep: { cached: computedStep(cached), uncached: computedStep(uncached) },
    disturbed,
    closeness: cached.closeness,
  };
}
