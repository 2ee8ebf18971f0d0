import {
  type Decoder,
  generate,
  type GenerateOptions,
  type Generation,
  identityDecoder,
  ProCacheError,
  type PromptEncoder,
  type SampledStep,
  type Transformer,
} from '@procache/core';
import type { Takes } from '@procache/model';
import { defaultsOf, type KnownModel, type ModelFacts, type PipelineDefaults } from './known-model.ts';
import {
  checkGenerateRequest,
  type DrawRequest,
  type GenerateRequest,
  generateOptions,
  type PipelineStep,
} from './request.ts';
import type { ScheduleShelf } from './schedules.ts';

/** What a pipeline is put together from. It is theirs to compute, and the pipeline's to dispose of them. */
export interface PipelineParts extends KnownModel {
  readonly transformer: Transformer<unknown>;
  /** What makes images of latents; a model of pixels needs none. */
  readonly decoder?: Decoder | undefined;
  /** What makes images of the latents of single steps, of the size of the decoder's; by default the decoder. */
  readonly preview?: Decoder | undefined;
  /** What reads texts, for a model that takes them. */
  readonly encoder?: PromptEncoder | undefined;
  /** Why there is no decoder or no encoder, and the way out, as the ends of messages. */
  readonly lacking?: Lacking | undefined;
  /** Where schedules are kept that are called by a name. */
  readonly shelf?: ScheduleShelf | undefined;
  /** A clock in milliseconds; without one, records tell no times. */
  readonly now?: (() => number) | undefined;
}

/** Why parts are not there: `there is no decoder with it; put the one that it was trained with into vae/`. */
export interface Lacking {
  readonly decoder?: string | undefined;
  readonly encoder?: string | undefined;
}

/** From what a user asks to images. */
export interface Pipeline extends KnownModel {
  readonly transformer: Transformer<unknown>;
  /** Of a model of pixels, `identityDecoder`; absent where nothing here makes images of its latents. */
  readonly decoder: Decoder | undefined;
  readonly encoder: PromptEncoder | undefined;
  /** What `conditions` of a request are: classes, and what they are called, or texts. */
  readonly takes: Takes;
  /** What is done where nothing is asked for. */
  readonly defaults: PipelineDefaults;
  /** The names of the schedules that ship with the model. */
  readonly schedules: readonly string[];

  /**
   * What core's `generate` takes for a request. Nothing is computed but the embeddings of its texts, and those last.
   *
   * Without its `plan`, it is what `trajectoryOf` takes, for searches and comparisons.
   *
   * @throws {ProCacheError} with the option that does not fit the model, and the way out.
   */
  options(request: DrawRequest): Promise<GenerateOptions>;
  /**
   * Generates images.
   *
   * @throws {ProCacheError} as `options`; `invalid-input`, before anything is computed, where there is no decoder.
   */
  generate(request: GenerateRequest): Promise<Drawn>;
  /** The same as far as latents, where nothing makes images of them, or somebody else does. */
  generateLatents(request: GenerateRequest): Promise<Generation>;
  /** Frees the parts; after the step under way. */
  dispose(): Promise<void>;
}

/** What was generated. */
export interface Drawn extends Generation {
  /** [images, channels, height, width], as `decoder.image` says. */
  readonly images: Float32Array;
}

/** A pipeline of its parts. It disposes of them. */
export function pipelineOf(parts: PipelineParts): Pipeline {
  const { name, model, recommended, transformer, encoder, shelf, now, lacking = {} } = parts;
  const decoder = parts.decoder ?? pixelDecoder(model);
  const context = { known: { name, model, recommended }, encoder, shelf, noEncoder: lacking.encoder };

  const latentsOf = async (request: GenerateRequest): Promise<Generation> => {
    checkGenerateRequest(request);
    const { onStep, signal, now: clock = now, ...asked } = request;
    const options = await generateOptions(asked, context);
    return generate(transformer, { ...options, signal, now: clock, onStep: onStep && withPreview(onStep) });
  };
  const decode = (latents: Float32Array): Promise<Float32Array> => neededDecoder().decode(latents);
  const neededDecoder = (): Decoder => {
    if (decoder) return decoder;
    const { decoder: why = 'nothing here makes images of them; take generateLatents' } = lacking;
    const problem = `${name} draws latents, and ${why}`;
    throw new ProCacheError('invalid-input', problem);
  };
  const withPreview = (onStep: (step: PipelineStep) => void | Promise<void>) => (step: SampledStep) =>
    onStep({ ...step, preview: () => (parts.preview ?? neededDecoder()).decode(step.clean) });

  return {
    ...{ name, model, recommended, transformer, decoder, encoder },
    schedules: shelf?.names ?? [],
    takes: model.takes,
    defaults: defaultsOf(context.known),
    options: (request) => generateOptions(request, context),
    generate: async (request) => {
      neededDecoder();
      const generation = await latentsOf(request);
      return { ...generation, images: checkedImages(await decode(generation.latents), generation, decoder!) };
    },
    generateLatents: latentsOf,
    dispose: async () => {
      const all = [transformer, decoder, parts.preview, encoder].map(async (part) => part?.dispose());
      const failed = (await Promise.allSettled(all)).find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    },
  };
}

/** Refuses what a decoder of somebody's own makes, where that is no images. */
function checkedImages(images: unknown, { latents }: Generation, { image }: Decoder): Float32Array {
  const size = image.channels * image.height * image.width;
  if (images instanceof Float32Array && images.length > 0 && images.length % size === 0) return images;
  const made = images instanceof Float32Array ? `${images.length} numbers` : typeof images;
  throw new ProCacheError(
    'invalid-input',
    `the decoder made ${made} of ${latents.length} numbers of latents, and images of ` +
      `${image.channels}x${image.height}x${image.width} are Float32Arrays of multiples of ${size}`,
  );
}

/** The decoder of a model that works on pixels; none of one that works on latents. */
export function pixelDecoder({ latent, valueRange }: Pick<ModelFacts, 'latent' | 'valueRange'>): Decoder | undefined {
  if (valueRange === undefined) return undefined;
  const { channels, height, width } = latent;
  return identityDecoder({ channels, height, width, valueRange });
}
