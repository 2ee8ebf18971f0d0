import { basename } from 'node:path';
import { ProCacheError } from '@procache/core';
import { checkApart, openFolderOf, type OutputFolder, writeWhole } from '@procache/files';
import { type TensorValues, writeSafetensors } from '@procache/model';
import type { Job } from './job.ts';
import { imagesOf, provenanceOf } from './job.ts';

/** Tensor files that a generation writes on request. */
export interface TensorFlags {
  readonly saveLatents?: string;
  readonly saveTrajectory?: string;
}

/** Bytes of the files, so that room for them can be made sure of. */
export function tensorBytes(job: Job, { saveLatents, saveTrajectory }: TensorFlags): number {
  const size = 4 * latentLength(job);
  return (saveLatents === undefined ? 0 : size) + (saveTrajectory === undefined ? 0 : size * job.sampling.steps.count);
}

/** Makes sure, before the work, that the files can be written. Returns the folders that they go to. */
export async function openTensorFolders(job: Job, flags: TensorFlags): Promise<readonly OutputFolder[]> {
  await checkPlaces(job, flags);
  const folders: OutputFolder[] = [];
  for (const path of [flags.saveLatents, flags.saveTrajectory]) {
    const folder = path === undefined ? undefined : await openFolderOf(path, tensorBytes(job, flags));
    if (folder) folders.push(folder);
  }
  return folders;
}

/** Refuses places where the tensors would replace one another, what is read, or a picture of the same run. */
async function checkPlaces(
  { chosen, sampling: { noiseFile } }: Job,
  { saveLatents, saveTrajectory }: TensorFlags,
): Promise<void> {
  const written = { '--save-latents': saveLatents, '--save-trajectory': saveTrajectory };
  for (const [name, path] of Object.entries(written)) {
    if (path === undefined || !/\.png$/i.test(basename(path))) continue;
    throw new ProCacheError(
      'invalid-input',
      `${name}: ${path} is the name of a picture, but tensors are written; end it with .safetensors`,
    );
  }
  const noise = noiseFile === undefined ? [] : [{ path: noiseFile }];
  await checkApart(written, { 'a file of the model': chosen.files, 'the file of --noise': noise });
}

/** Writes `latents` [images, channels, height, width]. */
export function writeLatents(job: Job, latents: Float32Array, path: string): Promise<void> {
  return write(job, path, 'latents', { shape: latentShape(job), data: latents });
}

/** Writes `trajectory` [steps, images, channels, height, width], the latent after each step. */
export function writeTrajectory(job: Job, steps: readonly Float32Array[], path: string): Promise<void> {
  const size = latentLength(job);
  const data = new Float32Array(steps.length * size);
  steps.forEach((latent, step) => data.set(latent, step * size));
  return write(job, path, 'trajectory', { shape: [steps.length, ...latentShape(job)], data });
}

function write(job: Job, path: string, name: string, tensor: TensorValues): Promise<void> {
  const metadata = new Map([['procache', JSON.stringify(provenanceOf(job, imagesOf(job)))]]);
  return writeWhole(path, writeSafetensors(new Map([[name, tensor]]), metadata));
}

function latentShape({ chosen, sampling }: Job): readonly number[] {
  const { channels, height, width } = chosen.model.latent;
  return [sampling.conditions.length, channels, height, width];
}

function latentLength(job: Job): number {
  return latentShape(job).reduce((product, extent) => product * extent, 1);
}
