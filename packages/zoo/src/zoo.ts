import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A small trained model that ships with ProCache. */
export interface ZooModel {
  readonly name: string;
  /** One line: what it draws. */
  readonly summary: string;
  /** The model folder on disk: weights, config.json, model card. */
  readonly folder: string;
  /** What its card recommends. */
  readonly recommended: { readonly steps: number; readonly guidance: number };
  /** The classifier of the zoo that judges what it draws, for `zooClassifier`. */
  readonly classifier?: string;
  /** The schedules that were searched for it and ship with it: the file of each, by name. */
  readonly schedules: Readonly<Record<string, string>>;
}

/** What is written down of a model; the rest follows from its name. */
type Entry = Omit<ZooModel, 'folder' | 'schedules'> & { readonly schedules: readonly string[] };

const MODELS: readonly Entry[] = [
  {
    name: 'fashion-dit',
    summary: 'ten classes of clothing, 32x32 grey pixels (Fashion-MNIST), 8.2 M parameters',
    recommended: { steps: 50, guidance: 1.5 },
    classifier: 'fashion-classifier',
    schedules: ['searched-8', 'searched-10', 'searched-17', 'searched-25'],
  },
];

/** The names that `zooModel` knows. */
export function zooNames(): readonly string[] {
  return MODELS.map(({ name }) => name);
}

/** A zoo model by name, or nothing where there is none of that name. Nothing is downloaded. */
export function zooModel(name: string): ZooModel | undefined {
  const model = MODELS.find((candidate) => candidate.name === name);
  if (!model) return undefined;
  const folder = folderOf(name);
  const files = model.schedules.map((schedule) => [schedule, join(folder, 'schedules', `${schedule}.json`)]);
  return { ...model, folder, schedules: Object.fromEntries(files) as ZooModel['schedules'] };
}

/** Where what has this name lies on disk, seen from `src` and from `dist` alike. */
export function folderOf(name: string): string {
  return fileURLToPath(new URL(`../models/${name}`, import.meta.url));
}
