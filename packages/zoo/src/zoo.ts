import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ZooEntry, zooEntries, type ZooName } from './catalogue.ts';

/** A small trained model that ships with ProCache. */
export interface ZooModel extends Omit<ZooEntry, 'takesText' | 'schedules'> {
  /** The model folder on disk: weights, config.json, model card. */
  readonly folder: string;
  /** The files that turn a caption into what a text-to-image model takes; absent in other models. */
  readonly text?: ZooTextEncoder;
  /** The schedules that were searched for it and ship with it: the file of each, by name. */
  readonly schedules: Readonly<Record<string, string>>;
}

/** A text encoder that is one learned vector per word, without positions. */
export interface ZooTextEncoder {
  /** A safetensors file with `embedding.weight`, [words, caption channels]. */
  readonly embedding: string;
  /** A JSON array with the word of each row. Row 0 pads, row 1 ends a caption. */
  readonly vocabulary: string;
}

/** The names that `zooModel` knows. */
export function zooNames(): readonly ZooName[] {
  return zooEntries().map(({ name }) => name);
}

/** A zoo model by name, or nothing where there is none of that name. Nothing is downloaded. */
export function zooModel(name: ZooName): ZooModel;
export function zooModel(name: string): ZooModel | undefined;
export function zooModel(name: string): ZooModel | undefined {
  const entry = zooEntries().find((candidate) => candidate.name === name);
  if (!entry) return undefined;
  const { takesText, schedules, ...model } = entry;
  const folder = folderOf(name);
  const files = schedules.map((schedule) => [schedule, join(folder, 'schedules', `${schedule}.json`)]);
  const text = { embedding: join(folder, 'text_encoder.safetensors'), vocabulary: join(folder, 'vocabulary.json') };
  return {
    ...model,
    folder,
    ...(takesText && { text }),
    schedules: Object.fromEntries(files) as ZooModel['schedules'],
  };
}

/** Where what has this name lies on disk, seen from `src` and from `dist` alike. */
export function folderOf(name: string): string {
  return fileURLToPath(new URL(`../models/${name}`, import.meta.url));
}
