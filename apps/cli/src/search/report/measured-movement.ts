import { openTransformer } from '@procache/backend-node';
import { type BranchMovement, branchMovement, type Json, type Study } from '@procache/search';
import { Tensor } from 'onnxruntime-node';
import type { SearchJob } from '../job.ts';

/** Images whose features are looked at. */
const IMAGES = 2;
const LONGEST_GAP = 8;

/** How the features of every branch move, measured once from the model at hand, and from then on read from the study. */
export async function measuredMovement(job: SearchJob, study: Study, signal: AbortSignal): Promise<readonly BranchMovement[]> {
  const measured = await study.keep('movement', async () => (await measure(job, signal)) as unknown as Json);
  return measured as unknown as readonly BranchMovement[];
}

/** In this thread, as features cannot be read from another. */
async function measure({ chosen, flags, process, labelOf, steps, seeds }: SearchJob, signal: AbortSignal): Promise<readonly BranchMovement[]> {
  const { threads, memory } = flags;
  const transformer = await openTransformer(chosen.path, { threads, memory, config: chosen.config });
  try {
    const movement = await branchMovement(transformer, {
      ...process,
      steps: process.stepsOf(steps),
      seeds: seeds.search.slice(0, IMAGES),
      labelOf,
      longest: LONGEST_GAP,
      signal,
      read: (feature) => floatsOf(feature),
    });
    return movement.map((own) => ({
      ...own,
      change: own.change.map(({ cosine, relativeL1 }) => ({ cosine: short(cosine), relativeL1: short(relativeL1) })),
      reuseError: own.reuseError.map(short),
    }));
  } finally {
    await transformer.dispose();
  }
}

function floatsOf(feature: unknown): Float32Array {
  if (feature instanceof Tensor && feature.data instanceof Float32Array) return feature.data;
  throw new Error('a feature of this backend is no float32 tensor');
}

/** As many digits as anybody looks at. */
function short(value: number): number {
  return Number(value.toPrecision(5));
}
