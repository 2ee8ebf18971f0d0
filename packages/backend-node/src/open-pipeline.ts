import { basename, resolve } from 'node:path';
import { type Decoder, parseScheduleText, type PromptEncoder, type Schedule } from '@procache/core';
import { readRegularText } from '@procache/files';
import { type Advice, type Pipeline, pipelineOf } from '@procache/pipeline';
import type { NodeTransformer, TransformerOptions } from './options.ts';
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

/** Bytes of the longest schedule that is read: letters and legends of the most steps come to far less. */
const LONGEST_SCHEDULE = 64 * 2 ** 20;

/**
 * Opens a model, from a name or a text to images. It reads no weights yet; the caller disposes of it.
 *
 * @throws {ProCacheError} `invalid-model`, with the file, the place in it and the way out.
 */
export async function openPipeline(model: string | ModelPlace, options: PipelineOptions = {}): Promise<NodePipeline> {
  const place: ModelPlace = typeof model === 'string' ? { folder: model } : model;
  const { folder, name = basename(resolve(folder)), recommended } = place;
  const { decoder, encoder, ...rest } = options;
  const schedules = await shippedSchedules(place);
  const transformer = await openTransformer(folder, rest);
  const now = () => performance.now();
  const parts = { name, model: transformer.model, recommended, transformer, decoder, encoder, schedules, now };
  return { ...pipelineOf(parts), transformer };
}

async function shippedSchedules({ schedules = {} }: ModelPlace): Promise<Readonly<Record<string, Schedule>>> {
  const read = async ([name, path]: readonly [string, string]) => {
    const text = await readRegularText(path, { most: LONGEST_SCHEDULE, what: 'a schedule file' });
    return [name, parseScheduleText(text, basename(path))] as const;
  };
  return Object.fromEntries(await Promise.all(Object.entries(schedules).map(read)));
}
