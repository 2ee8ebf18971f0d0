import { type ErrorCode, ProCacheError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import type { Conditions, StepChoices, StepResult, Tokens, Transformer } from '../running/transformer.ts';
import type { BranchId, FeatureId } from '../topology.ts';
import { messageOf } from '../untrusted/thrown.ts';

/** A feature that lies at the other end. No two have the same number. */
export type Handle = number;

/** What is asked of the end that serves. */
export type Question =
  | { readonly ask: 'describe' }
  | { readonly ask: 'prepare'; readonly plans: readonly Plan[] }
  | { readonly ask: 'condition'; readonly conditions: Conditions; readonly plan: Plan }
  | {
      readonly ask: 'execute';
      readonly generation: number;
      /** Of the plan that the generation was conditioned for. */
      readonly step: number;
      readonly latent: Float32Array;
      readonly features: ReadonlyMap<FeatureId, readonly Handle[]>;
      readonly tokens: ReadonlyMap<BranchId, Tokens>;
      readonly within?: StepChoices;
    }
  | { readonly ask: 'read'; readonly generation: number; readonly handle: Handle }
  | { readonly ask: 'release'; readonly generation: number; readonly handle: Handle }
  | { readonly ask: 'end'; readonly generation: number }
  | { readonly ask: 'dispose' };

/** What is answered. */
export interface Answers {
  readonly describe: Pick<Transformer<Handle>, 'topology' | 'latent' | 'hoists'>;
  readonly prepare: undefined;
  /** The number of the generation. */
  readonly condition: number;
  readonly execute: StepResult<Handle>;
  readonly read: Float32Array;
  readonly release: undefined;
  readonly end: undefined;
  readonly dispose: undefined;
}

export type Request = Question & { readonly id: number };

/** The answer to the request of that number: a value, or what was thrown. */
export type Answer =
  { readonly id: number; readonly value: Answers[keyof Answers] } | { readonly id: number; readonly thrown: Thrown };

/** An error as plain data. */
export interface Thrown {
  /** Of a `ProCacheError`; others have none. */
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly stack: string | undefined;
}

export function thrownData(cause: unknown): Thrown {
  return {
    code: cause instanceof ProCacheError ? cause.code : undefined,
    message: messageOf(cause),
    stack: cause instanceof Error ? cause.stack : undefined,
  };
}

/** The error again, of the class that it had, with the stack of the place where it was thrown. */
export function errorOf({ code, message, stack }: Thrown): Error {
  const error = code === undefined ? new Error(message) : new ProCacheError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
