import { generate, type Generation, type Plan, type Transformer } from '@procache/core';
import type { Sampling } from '../arguments/sampling.ts';
import { openProgressBar } from '../terminal/progress-bar.ts';
import type { Screen } from '../screen.ts';

/** What stays the same from one run of a generation to the next. */
export interface Setting {
  readonly transformer: Transformer<unknown>;
  readonly sampling: Sampling;
  readonly signal: AbortSignal;
  readonly screen: Screen;
}

/** One generation, by the clock on the wall. */
export interface TimedRun extends Generation {
  /**
   * From the call to the latents: conditioning, steps, guidance and sampler. Loading the weights is in it where it was
   * not done before.
   */
  readonly milliseconds: number;
}

export interface RunOptions {
  /** Stands before the progress bar. */
  readonly label: string;
  /** Called with the latent that each step leads to, which is only to be read. */
  readonly onLatent?: (latent: Float32Array) => void;
  /** Stops, with `EnoughSteps`, once so many steps are taken. */
  readonly stopAfter?: number;
}

/** Thrown by a run that was asked for its first steps only. */
class EnoughSteps extends Error {}

/** Generates once, and shows how far it is. */
export async function runOnce(
  setting: Setting,
  plan: Plan,
  { label, onLatent, stopAfter = Infinity }: RunOptions,
): Promise<TimedRun> {
  const { transformer, sampling, signal, screen } = setting;
  const { conditions, steps, sampler, eta, guidance, seeds, noise } = sampling;
  const now = () => performance.now();
  const bar = openProgressBar(plan.pattern ?? '#'.repeat(plan.steps.length), { terminal: screen.progress, now, label });
  const started = now();
  try {
    const generation = await generate(transformer, {
      ...{ conditions, steps, sampler, eta, guidance, seeds, noise },
      plan,
      signal,
      now,
      onStep: ({ step, latent }) => {
        bar.update(step + 1);
        onLatent?.(latent);
        if (step + 1 >= stopAfter) throw new EnoughSteps();
      },
    });
    return { ...generation, milliseconds: now() - started };
  } finally {
    bar.clear();
  }
}

/** Takes the first steps of a plan for nothing but to have taken them: what is slow only once is over then. */
export async function warmUp(setting: Setting, plan: Plan, steps: number): Promise<void> {
  try {
    await runOnce(setting, plan, { label: 'warm-up', stopAfter: steps });
  } catch (cause) {
    if (!(cause instanceof EnoughSteps)) throw cause;
  }
}
