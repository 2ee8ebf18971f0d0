/** Errors far below 1 with their power of ten, all else with three digits. */
export function shownScore(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value !== 0 && Math.abs(value) < 0.01) return value.toExponential(2);
  return value.toPrecision(value >= 0.995 && value < 1 ? 4 : 3);
}

/** The two ends of a range, as scores are shown: `1.10e-5..2.32e-5`; `-` where nothing is known of it. */
export function shownRange(range: readonly [low: number, high: number] | undefined, between = '..'): string {
  return range?.every(Number.isFinite) ? range.map(shownScore).join(between) : '-';
}

/** What the numbers of an objective are, to stand below its name; nothing where the name says it. */
export function unitOf(objective: string): string {
  return UNITS[objective] ?? '';
}

const UNITS: Readonly<Record<string, string>> = {
  'latent-error': 'mean square',
  psnr: 'dB',
  ssim: '1 is identical',
  frechet: 'distance',
  kernel: 'distance',
};
