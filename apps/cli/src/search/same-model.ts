import { checkUnchanged, openCheckpointFiles } from '@procache/backend-node';
import { ProCacheError } from '@procache/core';
import { fingerprintOf } from '@procache/files';
import { sourcesOf } from '@procache/model';
import type { Render } from '@procache/search';
import type { ChosenModel } from '../arguments/model-choice.ts';

/**
 * The same render, which throws away what it drew while the model's files were replaced.
 *
 * Graphs point into those files and are opened again and again, so whoever replaces one in the hours of a search
 * changes the model halfway.
 */
export function ofSameModel(chosen: ChosenModel, render: Render): Render {
  return async (schedule, seeds, signal) => {
    const images = await render(schedule, seeds, signal);
    try {
      checkUnchanged(chosen.files);
    } catch (cause) {
      await checkFingerprint(chosen);
      throw cause;
    }
    return images;
  };
}

/** Tells other weights, which need a study of their own, from the same in a file that was only touched. */
async function checkFingerprint({ path, fingerprint, name }: ChosenModel): Promise<void> {
  const now = await currentFingerprint(path);
  if (now === fingerprint) return;
  throw new ProCacheError(
    'invalid-model',
    `${name}: its weights were replaced while the search ran (fingerprint ${fingerprint} before, ${now} now); ` +
      `begin another study with the new ones`,
  );
}

async function currentFingerprint(path: string): Promise<string> {
  const opened = await openCheckpointFiles(path);
  try {
    return await fingerprintOf(sourcesOf(opened.checkpoint));
  } finally {
    await opened.close();
  }
}
