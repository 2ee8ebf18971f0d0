import type { BranchId, Conditions, ErrorCode, FeatureId, Plan, Tokens } from '@procache/core';
import type { TransformerOptions } from './transformer.ts';

/** A feature that lies in the worker thread. */
export type Handle = number;

/** What the worker has to know to open the same model. */
export type SharedOptions = Pick<TransformerOptions, 'threads' | 'memory' | 'config' | 'unchangedSince'>;

/** What the main thread asks of the worker. */
export type RequestBody =
  | { readonly ask: 'hoists' | 'dispose' }
  | { readonly ask: 'prepare'; readonly plans: readonly Plan[] }
  | { readonly ask: 'condition'; readonly conditions: Conditions; readonly plan: Plan }
  | {
      readonly ask: 'execute';
      readonly generation: number;
      readonly step: number;
      readonly latent: Float32Array;
      readonly features: ReadonlyMap<FeatureId, readonly Handle[]>;
      readonly tokens: ReadonlyMap<BranchId, Tokens>;
    }
  | { readonly ask: 'release'; readonly generation: number; readonly handle: Handle }
  | { readonly ask: 'end'; readonly generation: number };

export type Request = RequestBody & { readonly id: number };

/** What comes back: a value, or an error as plain data. */
export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly code: ErrorCode; readonly message: string } };
