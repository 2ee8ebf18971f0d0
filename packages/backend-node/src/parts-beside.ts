import { basename, dirname, join } from 'node:path';
import {
  chosenParts,
  type ChosenParts,
  findParts,
  type FoundPart,
  type PartedModel,
  PART_NAMES,
  type PartName,
  partsAt,
} from '@procache/model';
import { cachedSnapshot } from './hub-cache.ts';
import { locate } from './locate.ts';
import { isThere, OpenFiles } from './node-folder.ts';

/** The parts of a pipeline around a transformer, and where they lie on this machine. */
export interface PartsBeside extends ChosenParts {
  /** The folder that was searched. */
  readonly folder: string;
  readonly layout: 'pipeline' | 'companions';
  /** The paths of what was found; the places of what is missing are not there. */
  readonly places: Readonly<Partial<Record<PartName | 'preview', string>>>;
}

/**
 * Finds the decoder, the encoder, the tokenizer and the scheduler of a model, by names and configs: in its pipeline, or
 * beside its checkpoint. Of a model in the cache of Hugging Face, what is not in its own snapshot is taken from those
 * of its makers, where these are in the same cache.
 */
export async function partsBeside(path: string, model: PartedModel): Promise<PartsBeside> {
  const files = new OpenFiles();
  try {
    const found = await findParts(await locate(path, files));
    const chosen = chosenParts(found, model);
    const folder = found.folder.name;
    const own = placesOf(folder, chosen);
    const cached = await cachedParts(folder, chosen, model, files);
    const parts = { ...chosen, ...cached.parts };
    const missing = chosen.missing.filter(({ part }) => cached.places[part] === undefined);
    return { ...parts, missing, folder, layout: found.layout, places: { ...own, ...cached.places } };
  } finally {
    await files.close();
  }
}

/** What a model of a pipeline is kept in, and what else may lie beside a checkpoint that is read with it. */
const OWN_NAMES = {
  pipeline: ['model_index.json', 'transformer'],
  companions: [
    ...['config.json', 'scheduler_config.json', 'vocabulary.json', 'text_encoder.safetensors'],
    ...['tokenizer.json', 'tokenizer_config.json', 'spiece.model'],
  ],
} as const;

/** Files and folders that are a model's own, so that nothing may be written over them; some may not be there. */
export async function placesOfModel(path: string, model: PartedModel): Promise<readonly { readonly path: string }[]> {
  const { folder, layout, places } = await partsBeside(path, model);
  const inside = Object.values(places).filter((place) => place !== join(folder));
  const names: readonly string[] = OWN_NAMES[layout];
  return [...inside, ...names.map((name) => join(folder, name))].map((place) => ({ path: place }));
}

function placesOf(folder: string, chosen: Partial<ChosenParts>): PartsBeside['places'] {
  const placed = [...PART_NAMES, 'preview' as const].flatMap((part) => {
    const found = chosen[part];
    return found ? [[part, join(folder, found.path)] as const] : [];
  });
  return Object.fromEntries(placed);
}

interface CachedParts {
  readonly parts: Partial<Record<PartName, FoundPart>>;
  readonly places: PartsBeside['places'];
}

/** What is missing in a snapshot, among the other models of its cache. */
async function cachedParts(
  snapshot: string,
  { missing }: ChosenParts,
  model: PartedModel,
  files: OpenFiles,
): Promise<CachedParts> {
  const hub = hubOf(snapshot);
  const parts: Partial<Record<PartName, FoundPart>> = {};
  const places: Partial<Record<PartName, string>> = {};
  for (const { part, origin } of hub === undefined ? [] : missing) {
    const cache = origin.repository && join(hub!, `models--${origin.repository.replaceAll('/', '--')}`);
    if (!cache || !(await isThere(cache))) continue;
    const other = await cachedSnapshot(cache).catch(() => undefined);
    if (other === undefined) continue;
    const path = origin.folder === undefined ? basename(other) : `${basename(other)}/${origin.folder}`;
    const folder = files.folder(dirname(other));
    const found = await partsAt(folder, path);
    const fitting = chosenParts({ folder, layout: 'companions', found }, model)[part];
    if (fitting === undefined) continue;
    parts[part] = fitting;
    places[part] = join(folder.name, fitting.path);
  }
  return { parts, places };
}

/** The cache of Hugging Face that a snapshot lies in. */
function hubOf(snapshot: string): string | undefined {
  const snapshots = dirname(snapshot);
  const model = dirname(snapshots);
  return basename(snapshots) === 'snapshots' && basename(model).startsWith('models--') ? dirname(model) : undefined;
}
