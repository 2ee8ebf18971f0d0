import { openCheckpointFiles } from '@procache/backend-node';
import { ProCacheError } from '@procache/core';
import type { Evaluator } from '@procache/search';
import type { ChosenModel } from '../arguments/model-choice.ts';
import { fingerprintOf } from '../files/fingerprint.ts';

/**
 * The same evaluator, which throws away what it measured while the model's file was replaced.
 *
 * Graphs point into that file and are opened again and again, so whoever replaces it in the hours of a search changes
 * the model halfway. Looking takes a megabyte of reading per evaluation.
 */
export function ofSameModel({ path, fingerprint, name }: ChosenModel, evaluator: Evaluator): Evaluator {
  return {
    objectives: evaluator.objectives,
    async evaluate(schedule, seeds, signal) {
      const scores = await evaluator.evaluate(schedule, seeds, signal);
      const now = await currentFingerprint(path);
      if (now === fingerprint) return scores;
      throw new ProCacheError(
        'invalid-model',
        `${name}: its weights were replaced while the search ran (fingerprint ${fingerprint} before, ${now} now); begin another study with the new ones`,
      );
    },
  };
}

async function currentFingerprint(path: string): Promise<string> {
  const opened = await openCheckpointFiles(path);
  try {
    return await fingerprintOf(opened.checkpoint);
  } finally {
    await opened.close();
  }
}
