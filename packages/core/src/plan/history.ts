import type { Reuse } from '../schedule/schedule.ts';
import type { FeatureId } from '../topology.ts';
import { forecastWeights } from './forecast.ts';

/**
 * The steps at which a feature was computed, newest first. Features that were computed at the same steps share one
 * list.
 */
interface Computed {
  readonly step: number;
  readonly before: Computed | undefined;
}

/**
 * Remembers which steps have computed what, and what that makes of forecasts.
 *
 * Whatever a run makes was mostly made by the same runs before. So a step makes one list longer for all of it, and
 * works out each forecast once: the time grows with the features, not with the steps behind them.
 */
export class History {
  readonly #computed = new Map<FeatureId, Computed>();
  /** Of the step under way: the lists that it has made longer, and the weights of forecasts. */
  readonly #longer = new Map<Computed | undefined, Computed>();
  readonly #weights = new Map<Computed, Map<string, readonly number[]>>();
  #step = -1;

  /** Takes note that a step has computed a feature. */
  made(feature: FeatureId, step: number): void {
    this.#begin(step);
    const before = this.#computed.get(feature);
    const longer = this.#longer.get(before) ?? { step, before };
    this.#longer.set(before, longer);
    this.#computed.set(feature, longer);
  }

  /** Whether any step before has computed a feature. */
  has(feature: FeatureId): boolean {
    return this.#computed.has(feature);
  }

  /** The weights with which a step adds up the newest features, where there are any. */
  weights(feature: FeatureId, step: number, { order = 0, forecast = 'taylor' }: Reuse): readonly number[] {
    this.#begin(step);
    const computed = this.#computed.get(feature)!;
    const known = this.#weights.get(computed) ?? new Map<string, readonly number[]>();
    this.#weights.set(computed, known);
    const key = `${order} ${forecast}`;
    const weights = known.get(key) ?? forecastWeights(newest(computed, order + 1), step, order, forecast);
    known.set(key, weights);
    return weights;
  }

  #begin(step: number): void {
    if (step === this.#step) return;
    this.#step = step;
    this.#longer.clear();
    this.#weights.clear();
  }
}

function newest(computed: Computed, count: number): readonly number[] {
  const steps: number[] = [];
  for (let at: Computed | undefined = computed; at && steps.length < count; at = at.before) steps.push(at.step);
  return steps;
}
