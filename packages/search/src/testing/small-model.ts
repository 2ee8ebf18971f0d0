import { diffusionSteps, type DiffusionSteps, uncached } from '@procache/core';
import { type ReferenceTransformer, referenceTransformer } from '@procache/core/reference';
import { comparison, LATENT_ERROR } from '../scoring/comparison.ts';
import type { Evaluator } from '../scoring/evaluator.ts';
import { renderer } from '../scoring/renderer.ts';
import { type Alphabet, alphabetOf, type ReuseVariant } from '../space/alphabet.ts';
import type { StudyHeader } from '../study/header.ts';

/** The whole of the small model's stack. */
export const STACK: ReuseVariant = { span: [0, 2], order: 2, forecast: 'lagrange' };

/** One letter, `2`: the stack forecast with order 2. */
export const FORECAST: Alphabet = alphabetOf({ reuse: [STACK] });

/** A transformer of plain arrays that takes few steps, whose searches tests can list. */
export function smallModel(): ReferenceTransformer {
  const topology = {
    blocks: [
      ['attn', 'mlp'],
      ['attn', 'mlp'],
      ['attn', 'mlp'],
    ],
    grid: [2, 2],
  } as const;
  return referenceTransformer({ topology, width: 4, channels: 2, seed: 5 });
}

export const conditionOf = (seed: number): number => seed % 3;

/** Steps whose timesteps are near enough for features to be forecast. */
export function smallSteps(count: number): DiffusionSteps {
  return diffusionSteps(count);
}

/** The latent error of a schedule on the small model, and how often each seed of each schedule was asked for. */
export function countingEvaluator(count: number): {
  readonly evaluator: Evaluator;
  readonly asked: Map<string, number>;
} {
  const asked = new Map<string, number>();
  const render = renderer(smallModel(), { stepsOf: smallSteps, conditionOf });
  const inner = comparison({
    render,
    uncached: (seeds, signal) => render(uncached({ steps: count }), seeds, signal),
    measures: [LATENT_ERROR],
  });
  return {
    asked,
    evaluator: {
      objectives: inner.objectives,
      evaluate: (schedule, seeds, signal) => {
        for (const seed of seeds) {
          const key = `${schedule.pattern} ${seed}`;
          asked.set(key, (asked.get(key) ?? 0) + 1);
        }
        return inner.evaluate(schedule, seeds, signal);
      },
    },
  };
}

export function smallHeader(steps: number, seeds: readonly number[], strategy = 'test'): StudyHeader {
  return {
    model: 'sha256:small',
    sampler: 'ddim',
    steps,
    guidance: 1,
    images: 'label: seed mod 3',
    seeds,
    finalSeeds: [],
    versions: { core: '0.0.0' },
    objectives: ['latent-error'],
    strategy,
    constraints: { steps },
  };
}
