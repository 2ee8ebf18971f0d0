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
}

const MODELS: readonly Omit<ZooModel, 'folder'>[] = [
  {
    name: 'fashion-dit',
    summary: 'ten classes of clothing, 32x32 grey pixels (Fashion-MNIST), 8.2 M parameters',
    recommended: { steps: 50, guidance: 1.5 },
  },
];

/** The names that `zooModel` knows. */
export function zooNames(): readonly string[] {
  return MODELS.map(({ name }) => name);
}

/** A zoo model by name, or nothing where there is none of that name. Nothing is downloaded. */
export function zooModel(name: string): ZooModel | undefined {
  const model = MODELS.find((candidate) => candidate.name === name);
  return model && { ...model, folder: fileURLToPath(new URL(`../models/${name}`, import.meta.url)) };
}
