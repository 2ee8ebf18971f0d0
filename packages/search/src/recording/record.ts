import { type Denoiser, type Plan, planOf, type Reuse, type Rule, type Trajectory } from '@procache/core';
import { checkOptions } from '@procache/core/untrusted';
import type { Signal } from '../scoring/evaluator.ts';
import type { ReuseVariant } from '../space/alphabet.ts';
import { checkRecorded, familyOf, type Family, forecastFrom, type Recording } from './recording.ts';

export interface RecordOptions {
  /** What may be stored: the features of the branches, or of a span. One recording serves all orders of forecast. */
  readonly reuse: readonly ReuseVariant[];
  /** At how many steps it is measured how far an error reaches; 8 unless given. The steps between are interpolated. */
  readonly probes?: number;
  /** Called with the share of the work that is done, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /** Checked before each step. */
  readonly signal?: Signal | undefined;
}

/**
 * Records on uncached trajectories all that is needed to predict the error of a schedule without running it.
 *
 * Two things are measured. How the features move: at each step the output is made once with the
 * features of the step before, and its change tells how far they moved, as the model's output
 * sees it. And how far an error reaches: at some steps the output gets the error of a typical forecast,
 * and the rest of the trajectory is run to its end. In all about as much as `2 + probes / 2` uncached
 * generations for one family of features. docs/recording.md draws it.
 *
 * @throws {ProCacheError} `execution-failed` where the model's outputs are too large, or no numbers, for anything to be
 * predicted.
 */
export async function record(trajectory: Trajectory, options: RecordOptions): Promise<Recording> {
  checkOptions('record', options, { reuse: true, probes: true, onProgress: true, signal: true });
  const { reuse, probes = 8, onProgress, signal } = options;
  const families = [
    ...new Map(reuse.map((variant) => [JSON.stringify(familyOf(variant)), familyOf(variant)])).values(),
  ];
  const probed = probedSteps(trajectory.steps, probes);
  const total =
    trajectory.steps +
    2 * families.length * (trajectory.steps - 1) +
    probed.reduce((sum, step) => sum + trajectory.steps - step - 1, 0);
  let done = 0;
  const making: Making = { trajectory, report: () => onProgress?.(++done / total), signal };

  const uncached = await uncachedRun(making);
  const features: Float32Array[][] = [];
  for (const family of families) features.push(await movement(making, uncached, family));
  const reach = await reachOf(making, uncached, { features: features[0]!, probed });
  return checkRecorded({
    steps: trajectory.steps,
    families,
    reach,
    products: innerProducts(features.flat(), trajectory.images),
  });
}

/** A recording in the making. */
interface Making {
  readonly trajectory: Trajectory;
  /** Called after each evaluation. */
  readonly report: () => void;
  readonly signal: Signal | undefined;
}

interface UncachedRun {
  /** The latent that each step begins with. */
  readonly latents: readonly Float32Array[];
  readonly outputs: readonly Float32Array[];
  readonly final: Float32Array;
}

async function uncachedRun({ trajectory, report, signal }: Making): Promise<UncachedRun> {
  const latents: Float32Array[] = [];
  const outputs: Float32Array[] = [];
  const final = await trajectory.follow(
    planFor(trajectory, () => '#'),
    (denoise) =>
      trajectory.sample(async (latent, step) => {
        latents.push(latent.slice());
        const output = await denoise(latent, step);
        outputs.push(output.slice());
        report();
        return output;
      }),
    { signal },
  );
  return { latents, outputs, final };
}

/**
 * The features of each step as the output sees them, up to a constant: `y(s-1) - y(s)` is what holding the
 * features of step s-1 adds to the output of step s.
 *
 * Every second step is computed and the next one reused, then the other way round.
 */
async function movement(
  { trajectory, report, signal }: Making,
  { latents, outputs }: UncachedRun,
  family: Family,
): Promise<Float32Array[]> {
  const { steps } = trajectory;
  const held: Float32Array[] = [];
  for (const odd of [0, 1]) {
    const letterAt = (step: number): string => (step === 0 || (step + odd) % 2 === 0 ? '#' : '~');
    const follow = async (denoise: Denoiser): Promise<void> => {
      for (let step = odd; step + 1 < steps; step += 2) {
        await denoise(latents[step]!, step);
        report();
        held[step + 1] = (await denoise(latents[step + 1]!, step + 1)).slice();
        report();
      }
    };
    await trajectory.follow(planFor(trajectory, letterAt, { do: 'reuse', ...family }), follow, { signal });
  }
  const features = [new Float32Array(outputs[0]!.length)];
  for (let step = 1; step < steps; step++)
    features.push(features[step - 1]!.map((y, i) => y - (held[step]![i]! - outputs[step]![i]!)));
  return features;
}

interface ReachOptions {
  readonly features: readonly Float32Array[];
  readonly probed: readonly number[];
}

/**
 * How far an error of the output at each step reaches: by how much it moves the final latent.
 *
 * The sampler alone is asked at every step, as it costs nothing: an error goes in, and all other
 * outputs stay as recorded. What the network makes of it, mostly a great deal less, is measured at the
 * probed steps and interpolated between them, as a factor.
 */
async function reachOf(
  making: Making,
  run: UncachedRun,
  { features, probed }: ReachOptions,
): Promise<readonly number[]> {
  const { trajectory, report, signal } = making;
  const { steps } = trajectory;
  const displaced = async ({ step, error }: StepError, after: Denoiser): Promise<number> => {
    const final = await trajectory.sample(async (latent, at) => {
      if (at > step) return after(latent, at);
      return at < step ? run.outputs[at]! : run.outputs[at]!.map((value, i) => value + error[i]!);
    });
    return norm(final.map((value, i) => value - run.final[i]!)) / norm(error);
  };
  const replayed: Denoiser = (_, at) => Promise.resolve(run.outputs[at]!);
  const alone: SteppedReach[] = [{ step: 0, error: new Float32Array(), reach: 0 }]; // step 0 is never reused
  for (let step = 1; step < steps; step++)
    alone.push(await firstToReach(errorsAt(step, features, run), (error) => displaced(error, replayed)));
  const factors = new Map<number, number>();
  await trajectory.follow(
    planFor(trajectory, () => '#'),
    async (denoise) => {
      for (const step of probed) {
        const whole = await displaced(alone[step]!, (latent, at) => (report(), denoise(latent, at)));
        factors.set(step, alone[step]!.reach === 0 ? 1 : whole / alone[step]!.reach);
      }
    },
    { signal },
  );
  return alone.map(({ reach }, step) => reach * interpolated(factors, step));
}

/** An error that is put into the output of a step. */
interface StepError {
  readonly step: number;
  readonly error: Float32Array;
}

interface SteppedReach extends StepError {
  /** How far the error reaches through the sampler alone. */
  readonly reach: number;
}

/** The first of some errors that moves the final latent at all. Where none does, the last, whose reach is 0. */
async function firstToReach(
  errors: readonly StepError[],
  reachOfError: (error: StepError) => Promise<number>,
): Promise<SteppedReach> {
  for (const error of errors) {
    const reach = norm(error.error) === 0 ? 0 : await reachOfError(error);
    if (reach !== 0) return { ...error, reach };
  }
  return { ...errors.at(-1)!, reach: 0 };
}

/** As large as errors of forecasts are, as a share of the output. */
const USUAL_ERROR = 0.01;
/** An error below this share of the output is mostly lost where the two are added, as float32 has 24 binary digits. */
const ROUNDING = 2 ** -20;

/**
 * Errors to try at a step: that of a typical forecast; and, where the features hardly move, so that rounding swallows
 * that one, a share of the output, or the same everywhere.
 */
function errorsAt(step: number, features: readonly Float32Array[], { outputs }: UncachedRun): readonly StepError[] {
  const output = outputs[step]!;
  const typical = typicalError(features, step);
  const others = [output.map((value) => USUAL_ERROR * value), output.map(() => USUAL_ERROR)];
  return [...(norm(typical) <= ROUNDING * norm(output) ? [] : [typical]), ...others].map((error) => ({ step, error }));
}

/** The gap that a typical forecast is made over. */
const TYPICAL_GAP = 3;
const TYPICAL_ORDER = 2;

/** What a forecast of the second order makes wrong two steps after a computed one, with three steps between those. */
function typicalError(features: readonly Float32Array[], step: number): Float32Array {
  const nodes: number[] = [];
  for (let node = step - TYPICAL_GAP + 1; node >= 0 && nodes.length <= TYPICAL_ORDER; node -= TYPICAL_GAP)
    nodes.push(node);
  if (nodes.length === 0) nodes.push(Math.max(0, step - 1));
  const weights = forecastFrom(nodes, step, { order: TYPICAL_ORDER, forecast: 'lagrange' });
  return features[step]!.map((y, i) => nodes.reduce((sum, node, k) => sum + weights[k]! * features[node]![i]!, -y));
}

/** So many steps, spread evenly from 1 to the last. */
function probedSteps(steps: number, probes: number): readonly number[] {
  const count = Math.max(2, Math.min(probes, steps - 1));
  const spread = Array.from({ length: count }, (_, i) => 1 + Math.round((i * (steps - 2)) / (count - 1)));
  return [...new Set(spread)].filter((step) => step < steps);
}

/** Between two probes a factor changes by an equal share per step, or by an equal amount where one of the two is 0. */
function interpolated(factors: ReadonlyMap<number, number>, step: number): number {
  const probed = [...factors.keys()];
  const [before, after] = [probed.findLast((probe) => probe <= step), probed.find((probe) => probe >= step)];
  const [from, to] = [before ?? after, after ?? before];
  if (from === undefined || to === undefined) return 1;
  const [low, high] = [factors.get(from)!, factors.get(to)!];
  if (from === to) return low;
  const share = (step - from) / (to - from);
  // there are no equal shares from or to 0
  return low > 0 && high > 0 ? low * (high / low) ** share : low + (high - low) * share;
}

/** The inner products of all features, image by image, per number of the latent. */
function innerProducts(features: readonly Float32Array[], images: number): readonly Float64Array[] {
  const count = features.length;
  const size = features[0]!.length / images;
  return Array.from({ length: images }, (_, image) => {
    const parts = features.map((feature) => feature.subarray(image * size, (image + 1) * size));
    const products = new Float64Array(count * count);
    for (let a = 0; a < count; a++) {
      for (let b = 0; b <= a; b++) {
        products[a * count + b] = dot(parts[a]!, parts[b]!) / size;
        products[b * count + a] = products[a * count + b]!;
      }
    }
    return products;
  });
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function norm(values: Float32Array): number {
  return Math.sqrt(dot(values, values));
}

/** The plan of a trajectory's steps, each of which computes (`#`), holds (`.`), or does what `rule` says (`~`). */
function planFor(
  { steps, topology }: Trajectory,
  letterAt: (step: number) => string,
  rule: Rule & Reuse = { do: 'reuse' },
): Plan {
  const pattern = Array.from({ length: steps }, (_, step) => letterAt(step)).join('');
  return planOf({ version: 1, pattern, legend: { '~': [rule] } }, topology);
}
