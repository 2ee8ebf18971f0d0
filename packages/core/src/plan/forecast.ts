import { MAX_ORDER, MAX_STEPS } from '../limits.ts';
import type { ForecastRule } from '../schedule/schedule.ts';
import { integerOf, nameOf, refuse } from '../untrusted/json-reader.ts';
import { shown } from '../untrusted/printable.ts';

/**
 * The weights that turn stored features into a forecast for `step`.
 *
 * `computed` lists the steps at which the feature was computed, newest first; `weights[k]` scales
 * the k-th newest feature. Order 0 is plain reuse, `[1]`. An order for which there is not yet
 * enough history falls back to the highest order that there is. Since everything here is known
 * before the first step runs, forecasting costs the engine nothing but a longer sum.
 *
 * @throws {ProCacheError} `invalid-input` for steps that do not go down, no steps, or an order beyond `MAX_ORDER`.
 */
export function forecastWeights(
  computed: readonly number[],
  step: number,
  order: number,
  rule: ForecastRule = 'taylor',
): readonly number[] {
  checkComputed(computed);
  integerOf({ value: step, place: 'step', code: 'invalid-input' }, 0, MAX_STEPS);
  integerOf({ value: order, place: 'order', code: 'invalid-input' }, 0, MAX_ORDER);
  nameOf({ value: rule, place: 'rule', code: 'invalid-input' }, ['taylor', 'lagrange']);
  const usable = Math.min(order, computed.length - 1);
  switch (rule) {
    case 'taylor':
      return taylor(computed, step, usable);
    case 'lagrange':
      return lagrange(computed.slice(0, usable + 1), step);
  }
}

function checkComputed(computed: readonly number[]): void {
  const good =
    Array.isArray(computed) &&
    computed.length > 0 &&
    computed.every((at, i) => Number.isSafeInteger(at) && (i === 0 || at < computed[i - 1]!));
  if (!good)
    refuse(
      'computed',
      `${shown(computed)} are no steps that have been computed, newest first; the steps before count from 0 up`,
      'invalid-input',
    );
}

/**
 * TaylorSeer (Liu et al., 2025), Eqs. 2-3, as its code writes it: `Σ_k D_k · x^k / k!` with
 * finite differences `D_k`, each divided by the gap of its own two newest steps only. Exact on
 * even steps up to order 1; on uneven ones it is not an interpolation.
 */
function taylor(computed: readonly number[], step: number, order: number): readonly number[] {
  const distance = step - computed[0]!;
  const weights = new Array<number>(order + 1).fill(0);
  let differences: readonly (readonly number[])[] = computed.slice(0, order + 1).map(() => [1]);
  for (let k = 0, scale = 1; k <= order; k++, scale *= distance / k) {
    differences[0]!.forEach((weight, i) => (weights[i]! += scale * weight));
    differences = differences
      .slice(1)
      .map((older, at) => difference(differences[at]!, older, computed[at]! - computed[at + 1]!));
  }
  return weights;
}

/**
 * The next finite difference at a computed step, as weights over the features: from its own one, and that of the step
 * before.
 */
function difference(newer: readonly number[], older: readonly number[], gap: number): readonly number[] {
  return Array.from({ length: newer.length + 1 }, (_, i) => ((newer[i] ?? 0) - (older[i - 1] ?? 0)) / gap);
}

/** The polynomial through the stored features, at `step`: exact on uneven gaps too. */
function lagrange(nodes: readonly number[], step: number): readonly number[] {
  return nodes.map((node, j) =>
    nodes.reduce((weight, other, i) => (i === j ? weight : (weight * (step - other)) / (node - other)), 1),
  );
}
