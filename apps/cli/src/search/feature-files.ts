import { openFile, openNetwork } from '@procache/backend-node';
import { type LatentShape, ProCacheError } from '@procache/core';
import { openCheckpoint } from '@procache/model';
import {
  featureMeasure,
  type FeatureNetwork,
  featureNetwork,
  type FeatureReference,
  readFeatureReference,
} from '@procache/objectives';
import type { SetMeasure } from '@procache/search';
import type { ChosenModel } from '../arguments/model-choice.ts';

/** The two distances of features, and their network. */
export interface FeatureMeasures {
  /** @throws {ProCacheError} for a kernel distance where the data has moments only. */
  readonly measure: (name: 'frechet' | 'kernel') => SetMeasure;
  readonly close: () => Promise<void>;
}

/** Opens the network and the data, and checks that the one fits the other and both fit the model. */
export async function openFeatureMeasures(
  files: { readonly network: string; readonly data: string },
  { model: { latent } }: ChosenModel,
): Promise<FeatureMeasures> {
  const { close, ...network } = await openFeatureNetwork(files.network, latent);
  const place = `--data ${files.data}`;
  try {
    const reference = await readReference(files.data, place, network, latent);
    return { measure: (name) => featureMeasure(name, network, reference, place), close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** Opens an ONNX file that makes features of images. The caller closes it. */
export async function openFeatureNetwork(
  path: string,
  shape: LatentShape,
): Promise<FeatureNetwork & Pick<FeatureMeasures, 'close'>> {
  const place = `--feature-network ${path}`;
  const network = await openNetwork(path, { threads: 1, place });
  try {
    return { ...featureNetwork(network, shape, place), close: () => network.close() };
  } catch (cause) {
    await network.close();
    throw cause;
  }
}

async function readReference(
  path: string,
  place: string,
  network: FeatureNetwork,
  latent: LatentShape,
): Promise<FeatureReference> {
  const source = await openFile(path, { code: 'invalid-input', what: 'a safetensors file', place });
  try {
    const checkpoint = await openCheckpoint(source).catch((cause: unknown) => {
      throw cause instanceof ProCacheError
        ? new ProCacheError('invalid-input', `${place}: ${cause.message}`, { cause })
        : cause;
    });
    return await readFeatureReference(checkpoint, network, latent, place);
  } finally {
    await source.close();
  }
}
