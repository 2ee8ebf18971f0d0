import type { PromptEncoder } from '@procache/core';
import { checkOptions, type Fields } from '@procache/core/untrusted';
import { chosenParts, findModel, findParts, openWordFolder } from '@procache/model';
import { type Advice, type Pipeline, pipelineOf, type ScheduleShelf, wordEncoder } from '@procache/pipeline';
import { folderOf } from './model-source.ts';
import type { ModelSource, TransformerOptions, WebTransformer } from './options.ts';
import { openTransformer, TRANSFORMER_FIELDS } from './transformer.ts';

/** Where a model lies, and what whoever made it says of it. */
export interface ModelPlace {
  readonly folder: ModelSource;
  /** What messages call it. */
  readonly name: string;
  readonly recommended?: Advice | undefined;
}

export interface PipelineOptions extends TransformerOptions {
  /** What reads texts, where the model takes them; by default a table of words beside it. */
  readonly encoder?: PromptEncoder | undefined;
  /** Where schedules are kept that are called by a name. */
  readonly shelf?: ScheduleShelf | undefined;
}

/** A pipeline in a page. */
export interface WebPipeline extends Pipeline {
  readonly transformer: WebTransformer;
}

/**
 * Opens a model in a page, from a class or a text to images, where it draws pixels; latents of one that does not.
 *
 * @throws {ProCacheError} as `openTransformer`.
 */
export async function openPipeline(
  { folder, name, recommended }: ModelPlace,
  options: PipelineOptions = {},
): Promise<WebPipeline> {
  checkOptions('openPipeline', options, FIELDS);
  const { encoder, shelf, ...rest } = options;
  const transformer = await openTransformer(folder, rest);
  try {
    const reader = encoder ?? (await wordsBeside(folder, transformer.model, rest.signal));
    const now = (): number => performance.now();
    const parts = { name, model: transformer.model, recommended, transformer, encoder: reader, shelf, now };
    return { ...pipelineOf(parts), transformer };
  } catch (cause) {
    await transformer.dispose();
    throw cause;
  }
}

const FIELDS: Fields<PipelineOptions> = { ...TRANSFORMER_FIELDS, encoder: true, shelf: true };

/** The table of words beside a model that takes texts. */
async function wordsBeside(
  source: ModelSource,
  model: WebTransformer['model'],
  signal: AbortSignal | undefined,
): Promise<PromptEncoder | undefined> {
  const { takes } = model;
  if (takes.kind !== 'texts') return undefined;
  const found = await findModel(folderOf(source, signal));
  const { encoder } = chosenParts(await findParts(found), model);
  if (encoder?.kind !== 'words') return undefined;
  return wordEncoder(await openWordFolder(found.folder, takes), takes, found.folder.name);
}
