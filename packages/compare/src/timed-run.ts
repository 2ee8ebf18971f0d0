import { generate, type Generation, type SampledStep, type Transformer } from '@procache/core';
import type { Contestant } from './contestant.ts';

/** Whose turn it is. */
export interface Turn {
  /** The name of the contestant. */
  readonly contestant: string;
  /** 0 for the first; none while it warms up. */
  readonly round: number | undefined;
  /** The letters of its schedule, one for each step that it would take. */
  readonly pattern: string;
}

/** A step of somebody's turn. */
export interface TurnStep extends SampledStep {
  readonly turn: Turn;
}

/** The time of somebody's turn. */
export interface TimedTurn {
  readonly turn: Turn;
  readonly milliseconds: number;
}

/** A clock, and who looks on. */
export interface RunOptions {
  /** A clock in milliseconds: `() => performance.now()`. */
  readonly now: () => number;
  /** Checked before each step; an `AbortSignal` is one. */
  readonly signal?: { throwIfAborted(): void } | undefined;
  /** Called when a turn begins; awaited. */
  readonly onTurn?: ((turn: Turn) => void | Promise<void>) | undefined;
  /** Called after each step with what it led to, which is only to be read; awaited, and counted as time of the run. */
  readonly onStep?: ((event: TurnStep) => void | Promise<void>) | undefined;
  /** Called when a turn has ended that was no warm-up; awaited. */
  readonly onTimed?: ((event: TimedTurn) => void | Promise<void>) | undefined;
}

/** One generation, by the clock on the wall. */
export interface TimedRun extends Generation {
  /**
   * From the call to the latents: conditioning, steps, guidance and sampler. Loading the weights is in it where that
   * was not done before.
   */
  readonly milliseconds: number;
}

/**
 * Draws the images of a contestant once.
 *
 * @throws {ProCacheError} what `generate` throws; what the signal throws when it is aborted.
 */
export async function timedRun<T>(
  model: Transformer<T>,
  contestant: Contestant,
  options: RunOptions,
  round: number = 0,
): Promise<TimedRun> {
  const { name, ...generation } = contestant;
  const { now, signal, onTurn, onStep, onTimed } = options;
  const turn: Turn = { contestant: name, round, pattern: patternOf(contestant) };
  await onTurn?.(turn);
  const started = now();
  const { latents, records } = await generate(model, {
    ...generation,
    now,
    signal,
    onStep: (event) => onStep?.({ ...event, turn }),
  });
  const milliseconds = now() - started;
  await onTimed?.({ turn, milliseconds });
  return { latents, records, milliseconds };
}

/** Thrown by a warm-up that has taken its steps. */
class WarmedUp extends Error {}

/** Takes the first steps of a contestant for nothing but to have taken them: what is slow only once is over then. */
export async function warmUp<T>(
  model: Transformer<T>,
  contestant: Contestant,
  { signal, onTurn, onStep }: RunOptions,
  steps: number,
): Promise<void> {
  const { name, ...generation } = contestant;
  const turn: Turn = { contestant: name, round: undefined, pattern: patternOf(contestant) };
  await onTurn?.(turn);
  const taken = async (event: SampledStep): Promise<void> => {
    await onStep?.({ ...event, turn });
    if (event.step + 1 >= steps) throw new WarmedUp();
  };
  await generate(model, { ...generation, signal, onStep: taken }).catch((cause: unknown) => {
    if (!(cause instanceof WarmedUp)) throw cause;
  });
}

function patternOf({ plan }: Contestant): string {
  return plan.pattern ?? '#'.repeat(plan.steps.length);
}
