import { type LatentShape, ProCacheError } from '@procache/core';
import { type ByteSource, openCheckpoint } from '@procache/model';
import type { SetMeasure } from '@procache/search';
import { featureMeasure } from './feature-measures.ts';
import { featureNetwork, type FeatureNetwork, type OpenNetwork } from './feature-network.ts';
import { type FeatureReference, readFeatureReference } from './feature-reference.ts';

/** A file that the host opens, and how messages name it: `--data faces.safetensors`. */
export interface FeatureFile<Opened> {
  readonly place: string;
  readonly open: () => Promise<Opened>;
}

/** A network that is to be closed, such as `openNetwork` of @procache/backend-node gives. */
export interface ClosableNetwork extends OpenNetwork {
  readonly close: () => Promise<void>;
}

/** A file that is to be closed, such as `openFile` of @procache/backend-node gives. */
export interface ClosableSource extends ByteSource {
  readonly close: () => Promise<void>;
}

/** The two distances of features, and their network. */
export interface FeatureMeasures {
  /** @throws {ProCacheError} for a kernel distance where the data has moments only. */
  readonly measure: (name: 'frechet' | 'kernel') => SetMeasure;
  readonly close: () => Promise<void>;
}

/**
 * Opens the network and the data, a file of safetensors, and checks that the one fits the other and both fit the
 * images. The caller closes the network; of the data nothing stays open.
 *
 * @throws {ProCacheError} `invalid-input` for what does not fit; whatever the host throws that opens them.
 */
export async function openFeatureMeasures(
  files: { readonly network: FeatureFile<ClosableNetwork>; readonly data: FeatureFile<ClosableSource> },
  latent: LatentShape,
): Promise<FeatureMeasures> {
  const { close, ...network } = await openFeatureNetwork(files.network, latent);
  try {
    const reference = await readReference(files.data, network, latent);
    return { measure: (name) => featureMeasure(name, network, reference, files.data.place), close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** Opens a network that makes features of images: see `featureNetwork`. The caller closes it. */
export async function openFeatureNetwork(
  { place, open }: FeatureFile<ClosableNetwork>,
  latent: LatentShape,
): Promise<FeatureNetwork & Pick<FeatureMeasures, 'close'>> {
  const network = await open();
  try {
    return { ...featureNetwork(network, latent, place), close: () => network.close() };
  } catch (cause) {
    await network.close();
    throw cause;
  }
}

async function readReference(
  { place, open }: FeatureFile<ClosableSource>,
  network: FeatureNetwork,
  latent: LatentShape,
): Promise<FeatureReference> {
  const source = await open();
  try {
    const checkpoint = await openCheckpoint(source).catch((cause: unknown) => {
      if (!(cause instanceof ProCacheError)) throw cause;
      throw new ProCacheError('invalid-input', `${place}: ${cause.message}`, { cause });
    });
    return await readFeatureReference(checkpoint, network, latent, place);
  } finally {
    await source.close();
  }
}
