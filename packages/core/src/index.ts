export { ProCacheError, type ErrorCode } from './errors.ts';

// What there is to cache
export { branchesOf, branchId, isStream, parseBranch, parseSpan, tokensOf } from './topology.ts';
export type { Branch, BranchId, FeatureId, SpanId, StreamId, Topology } from './topology.ts';

// What to do when
export { letterCounts, policyOf } from './schedule.ts';
export type { Action, Compute, ForecastRule, Policy, RefreshAction, Reuse, Rule, Schedule, ScoreName, SelectorSettings } from './schedule.ts';
export { forecastWeights } from './forecast.ts';

// From schedule to operations
export { DEFAULT_SELECTOR, lower, planOf } from './lower.ts';
export { readsOf, writesOf } from './plan.ts';
export type { Fold, Op, Plan, Refresh, Run, StepPlan, Store, Term, Write } from './plan.ts';
export { programOf, programsOf, type ProgramOp, type StepProgram } from './program.ts';
export { describe, describeStep } from './describe.ts';

// Running a plan
export type { Conditioned, Conditions, LatentShape, StepCall, StepResult, Tokens, Transformer } from './transformer.ts';
export { FeatureCache } from './cache.ts';
export { createSelector, type SelectorOptions, type TokenSelector } from './selector.ts';
export { withDenoiser, type Denoiser, type DenoiserOptions, type EvaluatedStep } from './denoiser.ts';
export { gaussian, uniforms } from './random.ts';
