import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JUDGED_CAPTIONS, SEARCHED_CAPTIONS, SHOWN_CAPTIONS } from './emoji-captions.ts';

/** The names of the models that ship with ProCache. */
export type ZooName = 'fashion-dit' | 'emoji-pixart';

/** A small trained model that ships with ProCache. */
export interface ZooModel {
  readonly name: ZooName;
  /** One line: what it draws. */
  readonly summary: string;
  /** The model folder on disk: weights, config.json, model card. */
  readonly folder: string;
  /** What its card recommends. */
  readonly recommended: ZooAdvice;
  /** The classifier of the zoo that judges what it draws, for `zooClassifier`. */
  readonly classifier?: string;
  /** The files that turn a caption into what a text-to-image model takes; absent in other models. */
  readonly text?: ZooTextEncoder;
  /** The schedules that were searched for it and ship with it: the file of each, by name. */
  readonly schedules: Readonly<Record<string, string>>;
}

/** How to draw with a model, and what. */
export interface ZooAdvice {
  readonly steps: number;
  /** The scale of classifier-free guidance. */
  readonly guidance: number;
  /** Of a text-to-image model: captions that it draws well. */
  readonly captions?: readonly string[];
  /** Of a text-to-image model: captions to search schedules by, and others to judge them on, which no search sees. */
  readonly searched?: { readonly search: readonly string[]; readonly judge: readonly string[] };
}

/** A text encoder that is one learned vector per word, without positions. */
export interface ZooTextEncoder {
  /** A safetensors file with `embedding.weight`, [words, caption channels]. */
  readonly embedding: string;
  /** A JSON array with the word of each row. Row 0 pads, row 1 ends a caption. */
  readonly vocabulary: string;
}

/** What is written down of a model; the rest follows from its name. */
type Entry = Omit<ZooModel, 'folder' | 'text' | 'schedules'> & {
  readonly takesText?: true;
  readonly schedules: readonly string[];
};

const MODELS: readonly Entry[] = [
  {
    name: 'fashion-dit',
    summary: 'ten classes of clothing, 32x32 grey pixels (Fashion-MNIST), 8.2 M parameters',
    recommended: { steps: 50, guidance: 1.5 },
    classifier: 'fashion-classifier',
    schedules: ['searched-8', 'searched-10', 'searched-17', 'searched-25'],
  },
  {
    name: 'emoji-pixart',
    summary: 'emoji in three styles from a caption, 32x32 coloured pixels, 5.1 M parameters',
    recommended: {
      steps: 50,
      guidance: 3,
      captions: SHOWN_CAPTIONS,
      searched: { search: SEARCHED_CAPTIONS, judge: JUDGED_CAPTIONS },
    },
    takesText: true,
    schedules: ['searched-8', 'searched-10', 'searched-17', 'searched-25'],
  },
];

/** The names that `zooModel` knows. */
export function zooNames(): readonly ZooName[] {
  return MODELS.map(({ name }) => name);
}

/** A zoo model by name, or nothing where there is none of that name. Nothing is downloaded. */
export function zooModel(name: ZooName): ZooModel;
export function zooModel(name: string): ZooModel | undefined;
export function zooModel(name: string): ZooModel | undefined {
  const entry = MODELS.find((candidate) => candidate.name === name);
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
