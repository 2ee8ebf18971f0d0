import { join } from 'node:path';
import { folderOf } from './zoo.ts';

/** The names of the classifiers that ship with ProCache. */
export type ZooClassifierName = 'fashion-classifier';

/**
 * A small classifier that ships with ProCache: what it recognises in samples, and how far its features are from real
 * ones.
 */
export interface ZooClassifier {
  readonly name: ZooClassifierName;
  /** One line: what it tells apart. */
  readonly summary: string;
  /** The folder on disk: both files below, config.json, model card. */
  readonly folder: string;
  /**
   * The ONNX file. Its input is `images`, [images, channels, size, size] in [-1, 1], as the zoo's models draw them; its
   * outputs are `logits` [images, classes] and `features` [images, width], what the last layer sees.
   */
  readonly graph: string;
  /**
   * Safetensors of the real test set's features: `mean` [width], `covariance` [width, width], `features` of some
   * images.
   */
  readonly statistics: string;
  readonly channels: number;
  readonly size: number;
  readonly width: number;
  /** The class names in the order of the logits. */
  readonly classes: readonly string[];
}

const CLASSIFIERS: readonly Omit<ZooClassifier, 'folder' | 'graph' | 'statistics'>[] = [
  {
    name: 'fashion-classifier',
    summary: 'ten classes of clothing, 32x32 grey pixels (Fashion-MNIST)',
    channels: 1,
    size: 32,
    width: 64,
    classes: ['t-shirt', 'trouser', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'ankle boot'],
  },
];

/** A classifier of the zoo by name, or nothing where there is none of that name. Nothing is downloaded. */
export function zooClassifier(name: ZooClassifierName): ZooClassifier;
export function zooClassifier(name: string): ZooClassifier | undefined;
export function zooClassifier(name: string): ZooClassifier | undefined {
  const classifier = CLASSIFIERS.find((candidate) => candidate.name === name);
  if (!classifier) return undefined;
  const folder = folderOf(name);
  return {
    ...classifier,
    folder,
    graph: join(folder, 'classifier.onnx'),
    statistics: join(folder, 'statistics.safetensors'),
  };
}
