import { basename } from 'node:path';
import { ProCacheError } from '@procache/core';
import { fingerprintOfFile } from '@procache/files';
import { SSIM_WINDOW } from '@procache/metrics';
import { hasRoomForSsim, pixelMeasure } from '@procache/objectives';
import { pixelDecoder } from '@procache/pipeline';
import { type ImageMeasure, type Json, LATENT_ERROR, type Measure } from '@procache/search';
import { zooClassifier, zooModel } from '@procache/zoo';
import type { ChosenModel } from '../arguments/model-choice.ts';
import { openFeatureFiles } from './feature-files.ts';
import type { ObjectiveFlags, ObjectiveName } from './search-flags.ts';

/** What schedules are judged by, and what is to be closed afterwards. */
export interface ChosenObjectives {
  readonly measures: readonly [Measure, ...Measure[]];
  /** The files that the measures depend on, by what they are for. */
  readonly files: Json;
  readonly close: () => Promise<void>;
}

/** Reads from the options what schedules are judged by, and opens the data that it takes; refuses what has no data. */
export async function chooseObjectives(
  flags: ObjectiveFlags & { readonly model: string },
  chosen: ChosenModel,
): Promise<ChosenObjectives> {
  const names = flags.objective ?? usualObjectives(chosen);
  const ofSets = names.filter((name) => name === 'frechet' || name === 'kernel');
  const files = featureFiles(flags, ofSets);
  const ofImages = new Map(
    names.flatMap((name) =>
      name === 'frechet' || name === 'kernel' ? [] : [[name as string, imageMeasure(name, chosen)] as const],
    ),
  );
  const opened = files && (await openFeatureFiles(files, chosen));
  const close = async (): Promise<void> => opened?.close();
  try {
    const [first, ...others] = names.map((name): Measure =>
      name === 'frechet' || name === 'kernel' ? opened!.measure(name) : ofImages.get(name)!,
    );
    return {
      measures: [first!, ...others],
      files: files ? { network: await markedFile(files.network), reference: await markedFile(files.data) } : {},
      close,
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** A file by its name, and by what tells its content from others. */
async function markedFile(path: string): Promise<Json> {
  return { name: basename(path), fingerprint: await fingerprintOfFile(path) };
}

function usualObjectives({ model }: ChosenModel): readonly ObjectiveName[] {
  const image = pixelDecoder(model)?.image;
  if (!image) return ['latent-error'];
  return hasRoomForSsim(image) ? ['latent-error', 'psnr', 'ssim'] : ['latent-error', 'psnr'];
}

function imageMeasure(
  name: Exclude<ObjectiveName, 'frechet' | 'kernel'>,
  { name: modelName, model }: ChosenModel,
): ImageMeasure {
  if (name === 'latent-error') return LATENT_ERROR;
  const image = pixelDecoder(model)?.image;
  if (!image) {
    throw new ProCacheError(
      'invalid-input',
      `--objective: ${name} compares pixels, and ${modelName} draws latents, which nothing here decodes; ` +
        `use latent-error`,
    );
  }
  if (name === 'ssim' && !hasRoomForSsim(image)) {
    throw new ProCacheError(
      'invalid-input',
      `--objective: ssim needs images of at least ${SSIM_WINDOW}x${SSIM_WINDOW}, and these are ` +
        `${image.height}x${image.width}; use psnr`,
    );
  }
  return pixelMeasure(name, image);
}

/** The network and the data that distances of features take: those of the options, else the zoo's for its model. */
function featureFiles(
  { featureNetwork, data, model }: ObjectiveFlags & { readonly model: string },
  ofSets: readonly string[],
) {
  const [first] = ofSets;
  if (first === undefined) {
    const given = Object.entries({ '--feature-network': featureNetwork, '--data': data }).find(
      ([, value]) => value !== undefined,
    );
    if (given)
      throw new ProCacheError(
        'invalid-input',
        `${given[0]} belongs to the objectives frechet and kernel; add one to --objective, or leave this out`,
      );
    return undefined;
  }
  const classifier = zooClassifier(featureNetwork ?? zooModel(model)?.classifier ?? '');
  const network = classifier?.graph ?? featureNetwork;
  if (network === undefined) throw withoutData(first, '--feature-network, an ONNX file that makes features of images');
  const reference = data ?? classifier?.statistics;
  if (reference === undefined) throw withoutData(first, '--data, a safetensors file of what the images should be like');
  return { network, data: reference };
}

function withoutData(objective: string, missing: string): ProCacheError {
  return new ProCacheError('invalid-input', `--objective: ${objective} needs ${missing}; add it, or use latent-error`);
}
