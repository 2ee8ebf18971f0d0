import { basename, join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { openOutputPlaces, readOwnFile, replaceFiles, writeWhole } from '@procache/files';
import { writeSafetensors } from '@procache/model';
import {
  COMPARISON,
  earlierFiles,
  GRID,
  previewFile,
  type Picture,
  type PictureFile,
  picturesOf,
  runFiles,
} from '@procache/pictures';
import { checkOutputs, type InputFlags } from '../arguments/inputs.ts';
import { countOf, type Job, provenanceOf } from './job.ts';
import type { Made } from './make-images.ts';

/** The options that say where results go. */
export interface OutputFlags {
  readonly out: string;
  readonly saveLatents?: string | undefined;
  readonly saveTrajectory?: string | undefined;
}

/** The files that a generation wrote, as paths. */
export interface WrittenFiles {
  /** One per image; none where the model's latents cannot be decoded. */
  readonly pictures: readonly string[];
  readonly grid?: string;
  readonly compare?: string;
  /** Pictures of an earlier run into the same folder, which were removed. */
  readonly removed?: readonly string[];
  /** The last preview, where any was asked for. */
  readonly preview?: string;
  readonly latents?: string;
  readonly trajectory?: string;
}

/** Where the results of a job go: made sure of before the work. */
export interface Output {
  write(made: Made): Promise<WrittenFiles>;
  /** Shows clean latents, [images, channels, height, width], so many steps having been taken. */
  readonly preview: (clean: Float32Array, taken: number) => Promise<void>;
  /** Removes the folders that were made for nothing; a preview that is there already stays, and is what this gives. */
  abandon(): Promise<string | undefined>;
}

/**
 * Makes sure that the files can be written, and that they would replace neither one another nor what is read.
 *
 * The latents of a model that nobody decodes yet are saved instead of pictures.
 */
export async function openOutput(
  job: Job,
  { out, saveTrajectory, ...flags }: OutputFlags & InputFlags,
): Promise<Output> {
  await checkPlaces(job, flags, { '--save-latents': flags.saveLatents, '--save-trajectory': saveTrajectory });
  const saveLatents = flags.saveLatents ?? (job.companions.decoder ? undefined : join(out, 'latents.safetensors'));
  const size = 4 * countOf(job) * latentSize(job);
  const tensors =
    (flags.saveLatents === undefined ? 0 : 1) + (saveTrajectory === undefined ? 0 : job.sampling.steps.count);
  // pixels hardly compress, and a grid enlarges them
  const image = job.companions.decoder?.image;
  const pixels = 4 * countOf(job) * (image ? image.channels * image.height * image.width : 0);
  const pictures = { folder: out, bytes: 65536 + 16 * pixels + tensors * size };
  const files = [flags.saveLatents, saveTrajectory].filter((path) => path !== undefined);
  const places = [pictures, ...files.map((file) => ({ file, bytes: tensors * size }))];
  const { abandon } = await openOutputPlaces(places);
  let previews: string | undefined;
  return {
    preview: async (clean, taken) => {
      const { name, bytes } = previewFile(await picturesOfJob(job, clean, 'preview'), provenanceOf(job), taken);
      previews = join(out, name);
      await writeWhole(previews, bytes);
    },
    write: async (made) => {
      if (saveLatents !== undefined) await writeTensor(job, 'latents', [made.run.latents], saveLatents);
      if (saveTrajectory !== undefined) await writeTensor(job, 'trajectory', made.trajectory, saveTrajectory);
      return {
        ...(await writePictures(job, made, { folder: out, preview: previews })),
        ...(saveLatents !== undefined && { latents: saveLatents }),
        ...(saveTrajectory !== undefined && { trajectory: saveTrajectory }),
      };
    },
    abandon: async () => {
      await abandon();
      return previews;
    },
  };
}

async function checkPlaces(
  { chosen }: Job,
  inputs: InputFlags,
  written: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const [name, path] of Object.entries(written)) {
    if (path === undefined || !/\.png$/i.test(basename(path))) continue;
    const problem = `${path} is the name of a picture, but tensors are written; end it with .safetensors`;
    throw new ProCacheError('invalid-input', `${name}: ${problem}`);
  }
  await checkOutputs(written, chosen, inputs);
}

/** Writes `latents` [images, channels, height, width], or `trajectory` [steps, images, channels, height, width]. */
function writeTensor(job: Job, name: string, parts: readonly Float32Array[], path: string): Promise<void> {
  const { channels, height, width } = job.chosen.model.latent;
  const images = [countOf(job), channels, height, width];
  const size = countOf(job) * latentSize(job);
  const data = new Float32Array(parts.length * size);
  parts.forEach((part, i) => data.set(part, i * size));
  const shape = name === 'latents' ? images : [parts.length, ...images];
  const metadata = new Map([['procache', JSON.stringify(provenanceOf(job))]]);
  return writeWhole(path, writeSafetensors(new Map([[name, { shape, data }]]), metadata));
}

function latentSize({ chosen: { model } }: Job): number {
  return model.latent.channels * model.latent.height * model.latent.width;
}

/** Bytes of the largest picture that is looked into. */
const MOST_BYTES = 256 * 2 ** 20;

/** Writes the pictures of a run, and removes those that an earlier one left there: the folder then holds one run's. */
async function writePictures(
  job: Job,
  made: Made,
  { folder, preview }: { readonly folder: string; readonly preview: string | undefined },
): Promise<WrittenFiles> {
  const pathOf = (name: string) => join(folder, name);
  const found = await earlierFiles((name) => readOwnFile(pathOf(name), MOST_BYTES));
  const earlier = found.filter((name) => pathOf(name) !== preview); // which is this run's own
  const files = await pictureFiles(job, made);
  const names = files.map(({ name }) => name);
  const removed = await replaceFiles(folder, files, earlier); // the grid last, which says what there is to remove
  return {
    pictures: names.filter((name) => name !== GRID && name !== COMPARISON).map(pathOf),
    ...(names.includes(GRID) && { grid: pathOf(GRID) }),
    ...(names.includes(COMPARISON) && { compare: pathOf(COMPARISON) }),
    ...(preview !== undefined && { preview }),
    ...(removed.length > 0 && { removed }),
  };
}

async function pictureFiles(job: Job, { run, comparison }: Made): Promise<readonly PictureFile[]> {
  const pictures = await picturesOfJob(job, run.latents);
  if (pictures.length === 0) return [];
  const [uncached, cached] = comparison?.results ?? [];
  const beside = uncached &&
    cached && {
      pictures: await picturesOfJob(job, uncached.last.latents),
      uncachedSeconds: uncached.median / 1000,
      seconds: cached.median / 1000,
      psnr: cached.closeness.pixels?.psnr ?? NaN,
    };
  return [...runFiles({ pictures, provenance: provenanceOf(job), beside })];
}

/** The pictures of a job's latents; none where nobody decodes them yet. */
async function picturesOfJob(
  job: Job,
  latents: Float32Array,
  by: 'decoder' | 'preview' = 'decoder',
): Promise<readonly Picture[]> {
  const decoder = job.companions[by];
  if (!decoder) return [];
  const { channels, height, width, valueRange } = decoder.image;
  return picturesOf(await decoder.decode(latents), [countOf(job), channels, height, width], valueRange);
}
