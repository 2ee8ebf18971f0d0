import { basename } from 'node:path';
import { ProCacheError, type Spelling } from '@procache/core';
import { fingerprintOfFile } from '@procache/files';
import { SSIM_WINDOW } from '@procache/metrics';
import { hasRoomForSsim, pixelMeasure } from '@procache/objectives';
import { type KnownModel, pixelDecoder } from '@procache/pipeline';
import { type ImageMeasure, type Json, LATENT_ERROR, type Measure } from '@procache/search';
import { zooClassifier, zooModel } from '@procache/zoo';
import { type MeasureOption, openFeatureFiles } from './feature-files.ts';

/** What schedules can be judged by: latents, pixels, and sets of features. */
export const OBJECTIVES = ['latent-error', 'psnr', 'ssim', 'frechet', 'kernel'] as const;

export type ObjectiveName = (typeof OBJECTIVES)[number];

/** What schedules are to be judged by. */
export interface AskedMeasures {
  /** The first is improved, the others are recorded; unless given `latent-error`, and of pixels `psnr` and `ssim`. */
  readonly objective?: readonly ObjectiveName[] | undefined;
  /** What the zoo calls the model, where it is one of those. */
  readonly zoo?: string | undefined;
  /** Of `frechet` and `kernel`: an ONNX file, or a classifier of the zoo; by default that of the zoo's model. */
  readonly featureNetwork?: string | undefined;
  /** Of `frechet` and `kernel`: a safetensors file of what images should be like. */
  readonly data?: string | undefined;
}

/** What schedules are judged by, and what is to be closed afterwards. */
export interface OpenedMeasures {
  readonly measures: readonly [Measure, ...Measure[]];
  /** The files that the measures depend on, by what they are for. */
  readonly files: Json;
  readonly close: () => Promise<void>;
}

/** As a request has them. */
const asAsked: Spelling<MeasureOption> = (option) => option;

/**
 * Opens what schedules are judged by, and the data that it takes. The caller closes it.
 *
 * @throws {ProCacheError} `invalid-input` for an objective whose data is not there, or that the model's images are
 * nothing for.
 */
export async function openMeasures(
  asked: AskedMeasures,
  known: KnownModel,
  spell: Spelling<MeasureOption> = asAsked,
): Promise<OpenedMeasures> {
  const names = asked.objective ?? usualObjectives(known);
  const ofSets = names.filter((name) => name === 'frechet' || name === 'kernel');
  const files = featureFiles(asked, ofSets, spell);
  const ofImages = new Map(
    names.flatMap((name) =>
      name === 'frechet' || name === 'kernel' ? [] : [[name as string, imageMeasure(name, known, spell)] as const],
    ),
  );
  const opened = files && (await openFeatureFiles(files, known.model.latent, spell));
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

function usualObjectives({ model }: KnownModel): readonly ObjectiveName[] {
  const image = pixelDecoder(model)?.image;
  if (!image) return ['latent-error'];
  return hasRoomForSsim(image) ? ['latent-error', 'psnr', 'ssim'] : ['latent-error', 'psnr'];
}

function imageMeasure(
  name: Exclude<ObjectiveName, 'frechet' | 'kernel'>,
  { name: modelName, model }: KnownModel,
  spell: Spelling<MeasureOption>,
): ImageMeasure {
  if (name === 'latent-error') return LATENT_ERROR;
  const image = pixelDecoder(model)?.image;
  if (!image) {
    throw new ProCacheError(
      'invalid-input',
      `${spell('objective')}: ${name} compares pixels, and the images of ${modelName}, which draws latents, are not ` +
        `decoded in a search; use latent-error`,
    );
  }
  if (name === 'ssim' && !hasRoomForSsim(image)) {
    throw new ProCacheError(
      'invalid-input',
      `${spell('objective')}: ssim needs images of at least ${SSIM_WINDOW}x${SSIM_WINDOW}, and these are ` +
        `${image.height}x${image.width}; use psnr`,
    );
  }
  return pixelMeasure(name, image);
}

/** The network and the data that distances of features take: those that are given, else the zoo's for its model. */
function featureFiles(
  asked: AskedMeasures,
  [first]: readonly string[],
  spell: Spelling<MeasureOption>,
): { readonly network: string; readonly data: string } | undefined {
  if (first === undefined) {
    checkUnasked(asked, spell);
    return undefined;
  }
  const missing = (what: string): never => {
    const problem = `${spell('objective')}: ${first} needs ${what}; add it, or use latent-error`;
    throw new ProCacheError('invalid-input', problem);
  };
  const { zoo = '', featureNetwork, data } = asked;
  const classifier = zooClassifier(featureNetwork ?? zooModel(zoo)?.classifier ?? '');
  const network =
    classifier?.graph ??
    featureNetwork ??
    missing(`${spell('featureNetwork')}, an ONNX file that makes features of images`);
  const reference =
    data ?? classifier?.statistics ?? missing(`${spell('data')}, a safetensors file of what the images should be like`);
  return { network, data: reference };
}

/** Refuses what belongs to distances of features where there is none. */
function checkUnasked(asked: AskedMeasures, spell: Spelling<MeasureOption>): void {
  const odd = (['featureNetwork', 'data'] as const).find((option) => asked[option] !== undefined);
  if (odd === undefined) return;
  const way = `add one to ${spell('objective')}, or leave this out`;
  throw new ProCacheError('invalid-input', `${spell(odd)} belongs to the objectives frechet and kernel; ${way}`);
}
