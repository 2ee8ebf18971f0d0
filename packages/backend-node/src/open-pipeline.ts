import { basename, resolve } from 'node:path';
import type { Decoder, PromptEncoder } from '@procache/core';
import { checkOptions, type Fields, isJsonObject, refuse, shown } from '@procache/core/untrusted';
import { type Advice, type Pipeline, pipelineOf } from '@procache/pipeline';
import { type NodeTransformer, TRANSFORMER_FIELDS, type TransformerOptions } from './options.ts';
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
  /** What makes images of latents, where the model draws those. The pipeline disposes of it. */
  readonly decoder?: Decoder | undefined;
  /** What reads texts, where the model takes them. The pipeline disposes of it. */
  readonly encoder?: PromptEncoder | undefined;
}

/** A pipeline on this machine. */
export interface NodePipeline extends Pipeline {
  readonly transformer: NodeTransformer;
}

/**
 * Opens a model, from a name or a text to images. It reads no weights yet; the caller disposes of it.
 *
 * @throws {ProCacheError} `invalid-model`, with the file, the place in it and the way out; `invalid-input` for an
 * option that there is not, and for a model that is none, such as what the zoo gives for a name that it does not know.
 */
export async function openPipeline(model: string | ModelPlace, options: PipelineOptions = {}): Promise<NodePipeline> {
  checkOptions('openPipeline', options, FIELDS);
  const place: ModelPlace = typeof model === 'string' ? { folder: model } : checkedPlace(model);
  const { folder, name = basename(resolve(folder)), recommended } = place;
  const { decoder, encoder, ...rest } = options;
  const transformer = await openTransformer(folder, rest);
  const shelf = scheduleFiles(place.schedules);
  const now = () => performance.now();
  const parts = { name, model: transformer.model, recommended, transformer, decoder, encoder, shelf, now };
  return { ...pipelineOf(parts), transformer };
}

const FIELDS: Fields<PipelineOptions> = {
  ...TRANSFORMER_FIELDS,
  decoder: true,
  encoder: true,
};

/** Refuses what says of no model where it lies. */
function checkedPlace(model: ModelPlace): ModelPlace {
  if (isJsonObject(model) && typeof model.folder === 'string') return model;
  const wayOut = 'pass a path, or what zooModel gives for one of zooNames()';
  return refuse('model', `${shown(model)} does not say in which folder it lies; ${wayOut}`, 'invalid-input');
}
