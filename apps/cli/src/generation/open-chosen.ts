import { type NodeTransformer, openTransformer, type TransformerOptions } from '@procache/backend-node';
import type { ChosenModel } from '../arguments/model-choice.ts';

/**
 * Opens the model that was chosen, and no other that has taken the place of its files since. The caller disposes of it.
 */
export function openChosen(
  { path, config, files }: ChosenModel,
  { thread, threads, memory }: Omit<TransformerOptions, 'config' | 'unchangedSince'>,
): Promise<NodeTransformer> {
  return openTransformer(path, { thread, threads, memory, config, unchangedSince: files });
}
