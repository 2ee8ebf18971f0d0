import type { FoundModel } from './find-model.ts';
import type { Folder } from './folder.ts';
import { type FoundPart, isTiny, LOOSE_NAMES, looseParts, type PartName, partsAt } from './parts-at.ts';

/** What may be the parts of a pipeline, around a transformer. */
export interface FoundParts {
  /** The folder that was searched: a diffusers pipeline, or the folder that a checkpoint lies in. */
  readonly folder: Folder;
  /**
   * `'pipeline'`: its parts lie under fixed names. `'companions'`: they are what people put beside a checkpoint, such
   * as `sd-vae-ft-ema/` and `t5_ckpts/t5-v1_1-xxl/`.
   */
  readonly layout: 'pipeline' | 'companions';
  /** All that there are, the preferred first. */
  readonly found: readonly FoundPart[];
}

/** Where a diffusers pipeline keeps its parts. */
const PIPELINE_FOLDERS: Readonly<Record<PartName, string>> = {
  decoder: 'vae',
  encoder: 'text_encoder',
  tokenizer: 'tokenizer',
  scheduler: 'scheduler',
};

/** Folders that are looked into, beside a checkpoint and in each folder there. */
const MOST_FOLDERS = 40;

/**
 * Finds what may be a decoder, an encoder, a tokenizer and a scheduler in the folder of a transformer, by names and
 * configs: no weights are opened. Which of them are the model's own, `chosenParts` says.
 */
export async function findParts({ folder, pipeline, weights }: FoundModel): Promise<FoundParts> {
  if (pipeline !== undefined) return { folder: pipeline, layout: 'pipeline', found: await partsOfPipeline(pipeline) };
  const found = folder.names === undefined ? await usualCompanions(folder) : await companions(folder, weights);
  return { folder, layout: 'companions', found };
}

async function partsOfPipeline(pipeline: Folder): Promise<readonly FoundPart[]> {
  const places = Object.entries(PIPELINE_FOLDERS);
  const held = await Promise.all(places.map(([, path]) => partsAt(pipeline, path)));
  const parts = held.flatMap((each, i) => each.filter(({ part }) => part === places[i]![0] || part === 'tokenizer'));
  const tiny = foldersAmong((await pipeline.names?.('')) ?? []).filter((name) => /^tae/i.test(name));
  const previews = await Promise.all(tiny.map((path) => partsAt(pipeline, path)));
  return [...parts, ...previews.flat().filter(isTiny)];
}

/** What people put beside a checkpoint: in folders, or in folders of these. */
async function companions(folder: Folder, weights: string): Promise<readonly FoundPart[]> {
  const names = (await folder.names!('')) ?? [];
  const held: FoundPart[] = [];
  for (const path of foldersAmong(names)) {
    const own = await partsAt(folder, path);
    held.push(...own);
    if (own.length > 0) continue;
    const inner = foldersAmong((await folder.names!(path).catch(() => undefined)) ?? []);
    for (const name of inner) held.push(...(await partsAt(folder, `${path}/${name}`)));
  }
  const parts = [...looseParts(names, weights), ...held];
  return parts.filter(({ part }) => part !== 'scheduler').toSorted((a, b) => rankOf(a) - rankOf(b));
}

/** The same of a place that cannot tell what there is: the usual names are tried. */
async function usualCompanions(folder: Folder): Promise<readonly FoundPart[]> {
  const opened = await Promise.all(LOOSE_NAMES.map((name) => folder.open(name)));
  const names = LOOSE_NAMES.filter((_, i) => opened[i] !== undefined);
  const held = await Promise.all(USUAL.map((path) => partsAt(folder, path)));
  return [...looseParts(names, ''), ...held.flat()].filter(({ part }) => part !== 'scheduler');
}

function foldersAmong(names: readonly string[]): readonly string[] {
  const inner = names.filter((name) => name.endsWith('/') && !name.startsWith('.'));
  return inner
    .map((name) => name.slice(0, -1))
    .toSorted()
    .slice(0, MOST_FOLDERS);
}

/** Folders of companions by how they are called, the preferred first. */
const USUAL: readonly string[] = [
  'vae',
  'text_encoder',
  'tokenizer',
  'sd-vae-ft-ema',
  'sd-vae-ft-mse',
  'sdxl-vae',
  't5-v1_1-xxl',
];

/** What of several is preferred: a usual name, then any other, and a tiny autoencoder last. */
function rankOf(part: FoundPart): number {
  const at = USUAL.indexOf(part.path.slice(part.path.lastIndexOf('/') + 1));
  if (part.kind === 'words') return -1;
  if (isTiny(part)) return USUAL.length + 1;
  return at === -1 ? USUAL.length : at;
}
