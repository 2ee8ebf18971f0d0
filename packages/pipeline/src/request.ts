import { type GenerateOptions, type PromptEncoder, type SampledStep, type Seed, seedsOf } from '@procache/core';
import { checkOptions, type Fields, objectOf, refuse, shown } from '@procache/core/untrusted';
import { checkedConditioning, readConditioning } from './conditioning.ts';
import type { AskedCondition, AskedConditions } from './conditions.ts';
import type { KnownModel } from './known-model.ts';
import { type AskedProcess, processOf } from './process.ts';
import { type AskedSchedule, chosenPlan, type ScheduleShelf } from './schedules.ts';

/** What is to be drawn, and how. What is left out is as the model's makers advise. */
export interface DrawRequest extends AskedProcess, AskedSchedule {
  /**
   * What each image is to show: classes by number or name, or texts; `"all"` classes. By default all classes of a model
   * that has few, else the first; of a model of texts what its makers advise, else a caption of our own.
   */
  readonly conditions?: AskedConditions | undefined;
  /** What guidance leads away from, instead of from nothing in particular. */
  readonly negative?: AskedCondition | undefined;
  /** Of the first image's noise; the next ones have the seeds after it. 0 unless given. */
  readonly seed?: Seed | undefined;
  /** The seed of each image's noise, instead of `seed`. */
  readonly seeds?: readonly Seed[] | undefined;
  /** The noise to begin with instead of the seeds', [images, channels, height, width]. */
  readonly noise?: Float32Array | undefined;
}

/** A request, and what is done along the way. */
export interface GenerateRequest extends DrawRequest {
  /** Checked before each step; an `AbortSignal` is one. */
  readonly signal?: { throwIfAborted(): void } | undefined;
  /** Called after each step; awaited. */
  readonly onStep?: ((step: PipelineStep) => void | Promise<void>) | undefined;
  /** A clock in milliseconds instead of the pipeline's. */
  readonly now?: (() => number) | undefined;
}

/** A step that was taken. */
export interface PipelineStep extends SampledStep {
  /** Makes images of `clean`, [images, channels, height, width]; a decoder may take a while. */
  readonly preview: () => Promise<Float32Array>;
}

const DRAW_FIELDS: Fields<DrawRequest> = {
  conditions: true,
  negative: true,
  guidance: true,
  schedule: true,
  steps: true,
  pattern: true,
  ratio: true,
  sampler: true,
  eta: true,
  timesteps: true,
  sde: true,
  seed: true,
  seeds: true,
  noise: true,
};

const GENERATE_FIELDS: Fields<GenerateRequest> = { ...DRAW_FIELDS, signal: true, onStep: true, now: true };

/** Refuses a request with a field that nobody reads, and what cannot be called along the way. */
export function checkGenerateRequest(request: GenerateRequest): void {
  checkOptions('generate', request, GENERATE_FIELDS);
  const { signal, onStep, now } = request;
  for (const [place, value] of Object.entries({ onStep, now })) {
    if (value !== undefined && typeof value !== 'function')
      refuse(place, `${shown(value)} is not a function; leave it out, or pass one`, 'invalid-input');
  }
  const given: unknown = signal;
  if (given !== undefined && !(typeof given === 'object' && given !== null && 'throwIfAborted' in given))
    refuse('signal', `${shown(signal)} has no throwIfAborted; pass an AbortSignal`, 'invalid-input');
}

export interface RequestContext {
  readonly known: KnownModel;
  readonly encoder?: PromptEncoder | undefined;
  readonly noEncoder?: string | undefined;
  readonly shelf?: ScheduleShelf | undefined;
}

/** What core's `generate` takes for a request. Texts are read last, when all else is sure. */
export async function generateOptions(request: DrawRequest, context: RequestContext): Promise<GenerateOptions> {
  checkOptions('generate', request, DRAW_FIELDS);
  const { known, shelf } = context;
  const plan = await chosenPlan(request, known, shelf);
  if (request.sde !== undefined) objectOf({ value: request.sde, place: 'sde', code: 'invalid-input' });
  const { sampler, eta, scale, stepsOf } = processOf(request, known);
  const steps = stepsOf(plan.steps.length);
  const { seed = 0, noise } = request;
  if (request.seed !== undefined && request.seeds !== undefined)
    refuse('seeds', 'there is a seed too; leave one of the two out', 'invalid-input');
  const asked = checkedConditioning({ ...request, scale }, context);
  const { conditions, guidance } = await readConditioning(asked, context);
  const seeds = request.seeds ?? seedsOf(seed, conditions.length);
  return { plan, steps, conditions, ...(guidance && { guidance }), sampler, eta, seeds, noise };
}
