import { JUDGED_CAPTIONS, SEARCHED_CAPTIONS, SHOWN_CAPTIONS } from './emoji-captions.ts';

// What is known of the models without a disk: a page lists them by this, and finds their folders where it put them.

/** The names of the models that ship with ProCache. */
export type ZooName = 'fashion-dit' | 'emoji-pixart';

/** A small trained model that ships with ProCache, wherever its folder `models/<name>` lies. */
export interface ZooEntry {
  readonly name: ZooName;
  /** One line: what it draws. */
  readonly summary: string;
  /** What its card recommends. */
  readonly recommended: ZooAdvice;
  /** The classifier of the zoo that judges what it draws, for `zooClassifier`. */
  readonly classifier?: string;
  /** Whether it draws what a text says. */
  readonly takesText: boolean;
  /** The names of the schedules that were searched for it: `schedules/<name>.json` in its folder. */
  readonly schedules: readonly string[];
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

const MODELS: readonly ZooEntry[] = [
  {
    name: 'fashion-dit',
    summary: 'ten classes of clothing, 32x32 grey pixels (Fashion-MNIST), 8.2 M parameters',
    recommended: { steps: 50, guidance: 1.5 },
    classifier: 'fashion-classifier',
    takesText: false,
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

/** What there is in the zoo. */
export function zooEntries(): readonly ZooEntry[] {
  return MODELS;
}
