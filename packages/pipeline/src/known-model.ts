import { type SamplerName, samplersOf, USUAL_STEPS } from '@procache/core';
import type { SamplingDefaults, TransformerModel } from '@procache/model';
import type { SearchedCaptions } from './captions.ts';

/** What is to be known of a model before anything is computed with it: its weights need not be there. */
export interface KnownModel {
  /** What messages call it. */
  readonly name: string;
  readonly model: ModelFacts;
  /** What whoever made it advises. */
  readonly recommended?: Advice | undefined;
}

export type ModelFacts = Pick<TransformerModel, 'topology' | 'latent' | 'takes' | 'defaults' | 'valueRange'>;

export interface Advice {
  readonly steps?: number | undefined;
  /** The scale of classifier-free guidance. */
  readonly guidance?: number | undefined;
  /** Of a model of texts: what to draw where nothing is asked for. */
  readonly captions?: readonly string[] | undefined;
  /** Of a model of texts: what to search schedules by where no prompts are given. */
  readonly searched?: SearchedCaptions | undefined;
}

/** What is done where nothing is asked for. */
export interface PipelineDefaults {
  readonly steps: number;
  /** The scale of classifier-free guidance, 1 for none. */
  readonly guidance: number;
  readonly sampler: SamplerName;
  readonly timesteps: SamplingDefaults['rule'];
}

/** The scale that DiT's sampling script and diffusers' pipeline use by default. */
const USUAL_GUIDANCE = 4;

/** What is done with a model where nothing is asked for: as advised, else as the model's own code does. */
export function defaultsOf({ model: { takes, defaults }, recommended = {} }: KnownModel): PipelineDefaults {
  const { steps = defaults.steps ?? USUAL_STEPS, guidance = defaults.guidance ?? USUAL_GUIDANCE } = recommended;
  return {
    steps,
    guidance: takes.kind === 'classes' && takes.unconditional === undefined ? 1 : guidance,
    sampler: defaults.sampler ?? samplersOf(defaults.path)[0],
    timesteps: defaults.rule,
  };
}
