/** A scale of numbers along one side of a plot. */
export interface Axis {
  /** Where a number lies: 0 at the lower end, 1 at the upper. */
  readonly place: (value: number) => number;
  readonly ticks: readonly Tick[];
  /** Whether a number has a place: on a logarithmic scale none but positive ones have. */
  readonly has: (value: number) => boolean;
}

/** A scale of counts. */
export interface CountAxis extends Axis {
  /** How far one count is from the next, as `place` has it. */
  readonly unit: number;
}

/** A number that is written at an axis. */
export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** A span of so many decades or more is shown by decades; a shorter one has lines between. */
const FEW_DECADES = 2;

/**
 * A scale that grows by factors, from the decade below the least to that above the greatest; numbers of 0 and less have
 * no place.
 */
export function logarithmicAxis(values: readonly number[]): Axis {
  const positive = values.filter((value) => Number.isFinite(value) && value > 0);
  const low = Math.floor(Math.log10(least(positive, 0.1)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(greatest(positive, 1))));
  const within = high - low <= FEW_DECADES ? [1, 2, 5] : [1];
  const decades = Array.from({ length: high - low }, (_, i) => low + i);
  const values1 = decades.flatMap((decade) => within.map((factor) => ({ factor, decade })));
  const ticks = [...values1, { factor: 1, decade: high }].map(({ factor, decade }) => ({
    value: factor * 10 ** decade,
    text: `${factor}e${decade}`,
  }));
  return {
    place: (value) => clamped((Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)),
    ticks,
    has: (value) => Number.isFinite(value) && value > 0,
  };
}

/** A scale in equal steps, a little longer than the numbers reach. */
export function linearAxis(values: readonly number[], mostTicks = 6): Axis {
  const finite = values.filter(Number.isFinite);
  const [from, to] = [least(finite, 0), greatest(finite, 1)];
  const pace = paceOf(Math.max(to - from, Math.abs(to) * 1e-3, 1e-9) / mostTicks);
  const low = Math.floor(from / pace) * pace;
  const high = Math.max(low + pace, Math.ceil(to / pace) * pace);
  const count = Math.round((high - low) / pace);
  const digits = Math.max(0, -Math.floor(Math.log10(pace)));
  const ticks = Array.from({ length: count + 1 }, (_, i) => {
    const value = low + i * pace;
    return { value, text: value.toFixed(Math.min(20, digits)) };
  });
  return { place: (value) => clamped((value - low) / (high - low)), ticks, has: Number.isFinite };
}

/** A scale of counts, with some room at both ends; ticks are whole numbers. */
export function countAxis(values: readonly number[], mostTicks: number): CountAxis {
  const [from, to] = [least(values, 0) - 0.7, greatest(values, 1) + 0.7];
  const pace = Math.max(1, paceOf((to - from) / mostTicks));
  const first = Math.ceil(from / pace) * pace;
  const ticks = Array.from({ length: Math.floor((to - first) / pace) + 1 }, (_, i) => first + i * pace);
  return {
    place: (value) => clamped((value - from) / (to - from)),
    ticks: ticks.map((value) => ({ value, text: String(value) })),
    has: Number.isFinite,
    unit: 1 / (to - from),
  };
}

/** The least of 1, 2, 5, 10, 20, ... (and of 0.5, 0.2, ...) that is at least so much. */
function paceOf(width: number): number {
  const decade = 10 ** Math.floor(Math.log10(width));
  return decade * ([1, 2, 5].find((factor) => factor * decade >= width * (1 - 1e-9)) ?? 10);
}

function least(values: readonly number[], otherwise: number): number {
  return values.reduce((a, b) => Math.min(a, b), values[0] ?? otherwise);
}

function greatest(values: readonly number[], otherwise: number): number {
  return values.reduce((a, b) => Math.max(a, b), values[0] ?? otherwise);
}

function clamped(share: number): number {
  return Math.min(1, Math.max(0, share));
}
