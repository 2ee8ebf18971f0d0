import { ProCacheError } from '../errors.ts';
import { MAX_ORDER, MAX_STEPS } from '../limits.ts';
import { forecastWeights } from '../plan/forecast.ts';
import type { Denoiser } from '../sampling/denoiser.ts';
import { FORECAST_RULES } from '../schedule/schedule-json.ts';
import type { ForecastRule } from '../schedule/schedule.ts';
import { integerOf, nameOf, textOf } from '../untrusted/json-reader.ts';
import { checkOptions } from '../untrusted/options.ts';
import { shownName } from '../untrusted/printable.ts';

export interface OutputCacheOptions {
  /** The degree of the forecast; 0, the default, holds the newest output. */
  readonly order?: number;
  readonly forecast?: ForecastRule;
}

/**
 * Caching of the model's output as a wrapper: at a `#` of the pattern the model is asked, at a `.` its output is
 * forecast.
 *
 * Works with any denoiser, that of a model which has not been taken apart too. It lives for one
 * generation, and takes the steps in order. The outputs it keeps, at most `order + 1`, are those
 * it has returned, so these are only to be read. Wrapped around guidance it keeps guided outputs;
 * wrapped inside, those of both halves, which is the same up to rounding, for twice the memory.
 *
 * @throws {ProCacheError} `invalid-schedule` for another letter, or a `.` before the first `#`.
 */
export function cachedOutput(denoise: Denoiser, pattern: string, options: OutputCacheOptions = {}): Denoiser {
  checkOptions('cachedOutput', options, { order: true, forecast: true });
  const { order = 0, forecast = 'taylor' } = options;
  checkPattern(pattern);
  integerOf({ value: order, place: 'order' }, 0, MAX_ORDER);
  nameOf({ value: forecast, place: 'forecast' }, FORECAST_RULES);
  let stored: readonly Output[] = []; // newest first
  return async (latent, step) => {
    if (pattern[step] === '#') {
      const values = await denoise(latent, step);
      stored = [{ step, values }, ...stored.slice(0, order)];
      return values;
    }
    if (pattern[step] === '.' && stored.length > 0) {
      const computed = stored.map((output) => output.step);
      return weightedSum(stored, forecastWeights(computed, step, order, forecast));
    }
    throw new ProCacheError(
      'invalid-schedule',
      `step ${step} cannot be taken: the pattern has ${pattern.length} steps, and ${stored.length} outputs are ` +
        `stored; take its steps in order, from 0`,
    );
  };
}

interface Output {
  readonly step: number;
  readonly values: Float32Array;
}

/** In float64, rounded once. */
function weightedSum(outputs: readonly Output[], weights: readonly number[]): Float32Array {
  return outputs[0]!.values.map((_, i) => weights.reduce((sum, weight, k) => sum + weight * outputs[k]!.values[i]!, 0));
}

function checkPattern(pattern: string): void {
  textOf({ value: pattern, place: 'pattern' }, MAX_STEPS);
  const foreign = /[^#.]/.exec(pattern);
  if (foreign) {
    throw new ProCacheError(
      'invalid-schedule',
      `step ${foreign.index} is '${shownName(foreign[0])}', but a model's output is computed ('#') or forecast ` +
        `('.'); use those two letters`,
    );
  }
  if (!pattern.startsWith('#')) {
    throw new ProCacheError(
      'invalid-schedule',
      `the pattern '${shownName(pattern)}' does not begin with '#': at step 0 there is no output to forecast from`,
    );
  }
}
