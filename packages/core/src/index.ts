export { ProCacheError, type ErrorCode } from './errors.ts';
export { nearest } from './nearest.ts';

// What there is to cache
export {
  branchesOf,
  branchId,
  isBranch,
  isPack,
  isSpan,
  isStream,
  MODULE_ROLES,
  modulesOf,
  parseBranch,
  parseSpan,
  roleOf,
  tokensOf,
} from './topology.ts';
export type { Branch, BranchId, FeatureId, ModuleRole, PackId, SpanId, StreamId, Topology } from './topology.ts';

// What to do when
export { letterCounts } from './schedule.ts';
export { policyOf } from './policy.ts';
export type {
  Action,
  Compute,
  ForecastRule,
  Policy,
  RefreshAction,
  Reuse,
  Rule,
  Schedule,
  ScoreName,
  SelectorSettings,
} from './schedule.ts';
export { FORECAST_RULES, parseSchedule, SCORE_NAMES } from './schedule-json.ts';
export { MAX_ORDER, MAX_STEPS } from './limits.ts';
export { formatSchedule, parseScheduleText } from './schedule-text.ts';
export { checkSchedule } from './schedule-check.ts';
export { scheduleOf } from './tabulate.ts';
export { forecastWeights } from './forecast.ts';

// Published methods, each a function that writes a schedule
export { uncached } from './methods/uncached.ts';
export { fora, type ForaOptions } from './methods/fora.ts';
export { toca, type TocaOptions } from './methods/toca.ts';
export { duca } from './methods/duca.ts';
export { taylorseer, taylorseerLite, type TaylorSeerOptions } from './methods/taylorseer.ts';
export { procache, procachePublished, type ProCacheOptions } from './methods/procache.ts';
export { injectSelective } from './methods/inject.ts';
export { byName, isMethod, METHOD_NAMES, type MethodOptions, methodsTaking } from './methods/by-name.ts';

// From schedule to operations
export { DEFAULT_SELECTOR, lower, planOf } from './lower.ts';
export { hoist } from './hoist.ts';
export { branchesWithin } from './operations.ts';
export type { Ahead, AheadSum, Fold, Op, Refresh, Run, Store, Term } from './operations.ts';
export { readsOf, writesOf, type Write } from './reads-and-writes.ts';
export { programOf, type ProgramOp, type StepProgram } from './program.ts';
export { programsOf, type Plan, type StepPlan } from './plan.ts';
export { describe, describeStep } from './describe.ts';
export { planLegend } from './plan-legend.ts';
export { costOf, type ModelCost, type PlanCost, type StepCost } from './cost.ts';
export { transformerCost, type TransformerSizes } from './transformer-cost.ts';

// Running a plan
export { doubled, type Condition, type TextEmbedding } from './condition.ts';
export type { PromptEncoder } from './prompt-encoder.ts';
export type { LatentShape } from './latent-shape.ts';
export type { Conditioned, Conditions, StepCall, StepResult, Tokens, Transformer } from './transformer.ts';
export { FeatureCache } from './cache.ts';
export { createSelector, type SelectorOptions, type TokenSelector } from './selector.ts';
export { withDenoiser, type Denoiser, type DenoiserOptions, type EvaluatedStep } from './denoiser.ts';
export { cachedOutput, type OutputCacheOptions } from './output-cache.ts';

// From noise to a latent
export {
  BETA_SCHEDULES,
  cumulativeAlphas,
  MAX_TRAIN_TIMESTEPS,
  type BetaSchedule,
  type ForwardProcess,
} from './forward-process.ts';
export type { DiffusionSteps, SamplerDefaults } from './diffusion-steps.ts';
export { diffusionSteps, type DiffusionOptions } from './diffusion.ts';
export { levelOfAlpha, straightLevel, type Level } from './level.ts';
export { TIMESTEP_RULES, timestepsOf, type TimestepOptions, type TimestepRule } from './timesteps.ts';
export { STRAIGHT_RULES, type StraightRule } from './straight-steps.ts';
export { sample, type SampledStep, type SampleOptions } from './samplers/sample.ts';
export {
  checkSde,
  DIFFUSION_FORMS,
  injectsNoise,
  LAST_STEPS,
  PATHS,
  PREDICTION_KINDS,
  SAMPLER_NAMES,
  samplersOf,
  VARIANCES,
} from './samplers/settings.ts';
export type {
  DiffusionForm,
  LastStep,
  Path,
  PredictionKind,
  SamplerName,
  SdeSettings,
  StraightPath,
  Variance,
} from './samplers/settings.ts';
export type { Sampler, SamplerOptions } from './samplers/sampler.ts';
export { predictionOf, type Prediction, type PredictionOptions } from './samplers/prediction.ts';
export type { Clip, DynamicThreshold, FixedRange } from './samplers/clip.ts';
export { guided, MAX_GUIDANCE, type GuidanceOptions } from './guidance.ts';
export { gaussian, gaussians, MAX_SEED, type Seed, uniforms } from './random.ts';
export { type NoiseSource, type NoiseStreams, noiseStreams, seedsOf } from './noise.ts';
export { kindOf, median, recordSteps, summarise } from './statistics.ts';
export type { LetterSummary, StepKind, StepRecord, StepRecorder, StepSummary } from './statistics.ts';
export {
  trajectoryOf,
  type FollowOptions,
  type Guidance,
  type Trajectory,
  type TrajectoryOptions,
  type WalkOptions,
} from './trajectory.ts';
export { generate, type GenerateOptions, type Generation } from './generate.ts';

// From a latent to an image
export { identityDecoder, type Decoder, type ImageFormat } from './decoder.ts';
