import { basename, resolve } from 'node:path';
import type { Decoder, PromptEncoder } from '@procache/core';
import { checkOptions, type Fields, isJsonObject, refuse, shown } from '@procache/core/untrusted';
import type { ConfigJson } from '@procache/model';
import {
  type Advice,
  type AskedSize,
  type DrawnSize,
  drawnSize,
  type Pipeline,
  pipelineOf,
  pixelDecoder,
  resizedDecoder,
} from '@procache/pipeline';
import { readModelHeaders } from './model-headers.ts';
import { type NodeTransformer, TRANSFORMER_FIELDS, type TransformerOptions } from './options.ts';
import { openCompanions } from './open-companions.ts';
import { scheduleFiles } from './schedule-files.ts';
import { openTransformer } from './transformer.ts';

/** Where a model lies, and what whoever made it says of it: `zooModel(name)` is one. */
export interface ModelPlace {
  /** A model folder, a checkpoint file, or what else `openTransformer` takes. */
  readonly folder: string;
  /** What messages call it; by default the name of the folder. */
  readonly name?: string | undefined;
  readonly recommended?: Advice | undefined;
  /** The files of the schedules that ship with it, by name. */
  readonly schedules?: Readonly<Record<string, string>> | undefined;
}

export interface PipelineOptions extends TransformerOptions {
  /**
   * How large images are, in pixels; by default as the model draws them. A PixArt draws the nearest size that it was
   * trained on, and images are brought to this one, unless its `binning` is false.
   */
  readonly size?: AskedSize | undefined;
  /**
   * What makes images of latents, where the model draws those, or its path; by default what lies beside the model. The
   * pipeline disposes of it.
   */
  readonly decoder?: Decoder | string | undefined;
  /**
   * What reads texts, where the model takes them, or its path; by default what lies beside the model. The pipeline
   * disposes of it.
   */
  readonly encoder?: PromptEncoder | string | undefined;
  /** The path of a T5's tokenizer; by default what lies with the T5. */
  readonly tokenizer?: string | undefined;
}

/** A pipeline on this machine. */
export interface NodePipeline extends Pipeline {
  readonly transformer: NodeTransformer;
}

/**
 * Opens a model with what stands beside it, from a name or a text to images: a diffusers pipeline, a checkpoint with a
 * `vae` folder and a T5, a model of the zoo. It reads no weights yet; the caller disposes of it.
 *
 * What is not there is missed when it is needed: a model of latents without a decoder draws latents.
 *
 * @throws {ProCacheError} `invalid-model`, with the file, the place in it and the way out; `invalid-input` for an
 * option that there is not, and for a model that is none, such as what the zoo gives for a name that it does not know.
 */
export async function openPipeline(model: string | ModelPlace, options: PipelineOptions = {}): Promise<NodePipeline> {
  checkOptions('openPipeline', options, FIELDS);
  const place: ModelPlace = typeof model === 'string' ? { folder: model } : checkedPlace(model);
  const { folder, name = basename(resolve(folder)), recommended } = place;
  const { decoder, encoder, tokenizer, size, ...rest } = options;
  if (size !== undefined && rest.latentSize !== undefined)
    refuse('size', 'latentSize says how large images are too; leave one out', 'invalid-input');
  const drawn = size && (await sizeOf(size, { folder, name, config: rest.config }));
  const transformer = await openTransformer(folder, { ...rest, ...(drawn && { latentSize: drawn.latent }) });
  try {
    const named = { decoder, encoder, tokenizer };
    const companions = await openCompanions(folder, transformer.model, named, { threads: options.threads });
    const shelf = scheduleFiles(place.schedules);
    const now = () => performance.now();
    const found = companions.decoder ?? pixelDecoder(transformer.model);
    const sizedOf = (own: Decoder | undefined) => (own && drawn ? resizedDecoder(own, drawn.images) : own);
    const parts = { name, model: transformer.model, recommended, transformer, shelf, now };
    return {
      ...pipelineOf({ ...parts, ...companions, decoder: sizedOf(found), preview: sizedOf(companions.preview) }),
      transformer,
    };
  } catch (cause) {
    await transformer.dispose();
    throw cause;
  }
}

const FIELDS: Fields<PipelineOptions> = {
  ...TRANSFORMER_FIELDS,
  size: true,
  decoder: true,
  encoder: true,
  tokenizer: true,
};

/** How a model draws images of a size; undefined for its own. */
async function sizeOf(
  size: AskedSize,
  { folder, name, config }: { readonly folder: string; readonly name: string; readonly config: ConfigJson | undefined },
): Promise<DrawnSize | undefined> {
  checkOptions('size', size, { width: true, height: true, binning: true });
  const { model } = await readModelHeaders(folder, config);
  return drawnSize(size, { name, model }, (option) => `size.${option}`);
}

/** Refuses what says of no model where it lies. */
function checkedPlace(model: ModelPlace): ModelPlace {
  if (isJsonObject(model) && typeof model.folder === 'string') return model;
  const wayOut = 'pass a path, or what zooModel gives for one of zooNames()';
  return refuse('model', `${shown(model)} does not say in which folder it lies; ${wayOut}`, 'invalid-input');
}
