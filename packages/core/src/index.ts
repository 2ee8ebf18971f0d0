export { ProCacheError, type ErrorCode } from './errors.ts';
export { nearest } from './nearest.ts';
export type { Spelling } from './spelling.ts';

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
export { letterCounts } from './schedule/schedule.ts';
export { policyOf } from './schedule/policy.ts';
export type {
  Action,
  ChoiceRule,
  Compute,
  ForecastRule,
  Policy,
  RefreshAction,
  Reuse,
  Rule,
  Schedule,
  ScoreName,
  SelectorSettings,
} from './schedule/schedule.ts';
export { FORECAST_RULES, parseSchedule, SCORE_NAMES } from './schedule/schedule-json.ts';
export { MAX_ORDER, MAX_STEPS } from './limits.ts';
export { formatSchedule, parseScheduleText } from './schedule/schedule-text.ts';
export { checkSchedule } from './plan/schedule-check.ts';
export { scheduleOf } from './schedule/tabulate.ts';
export { forecastWeights } from './plan/forecast.ts';

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
export { DEFAULT_SELECTOR, lower, planOf } from './plan/lower.ts';
export { hoist } from './plan/hoist.ts';
export { branchesWithin } from './plan/operations.ts';
export type { Ahead, AheadSum, Fold, Op, Refresh, Run, Store, Term } from './plan/operations.ts';
export { readsOf, writesOf, type Write } from './plan/reads-and-writes.ts';
export { programOf, type ProgramOp, type StepProgram } from './plan/program.ts';
export { programsOf, type Plan, type StepPlan } from './plan/plan.ts';
export { describe, describeStep } from './plan/describe.ts';
export { describeLines } from './plan/describe-lines.ts';
export { planLegend } from './plan/plan-legend.ts';
export { letterCosts, type LetterCost } from './plan/letter-costs.ts';
export { costOf, type ModelCost, type PlanCost, type StepCost } from './plan/cost.ts';
export { transformerCost, type TransformerSizes } from './plan/transformer-cost.ts';

// Running a plan
export { doubled, type Condition, type TextEmbedding, type Unconditional } from './running/condition.ts';
export type { PromptEncoder } from './running/prompt-encoder.ts';
export type { LatentShape } from './sampling/latent-shape.ts';
export type {
  Choice,
  Conditioned,
  Conditions,
  StepCall,
  StepChoices,
  StepResult,
  Tokens,
  Transformer,
} from './running/transformer.ts';
export { FeatureCache } from './running/cache.ts';
export { createSelector, type ChoicesWithin, type SelectorOptions, type TokenSelector } from './running/selector.ts';
export type { Denoiser } from './sampling/denoiser.ts';
export { withDenoiser, type DenoiserOptions, type EvaluatedStep } from './running/with-denoiser.ts';
export { cachedOutput, type OutputCacheOptions } from './running/output-cache.ts';

// From noise to a latent
export {
  BETA_SCHEDULES,
  cumulativeAlphas,
  MAX_TRAIN_TIMESTEPS,
  type BetaSchedule,
  type ForwardProcess,
} from './sampling/forward-process.ts';
export type { DiffusionSteps, SamplerDefaults } from './sampling/diffusion-steps.ts';
export { diffusionSteps, type DiffusionOptions, USUAL_STEPS } from './sampling/diffusion.ts';
export { levelOfAlpha, straightLevel, type Level } from './sampling/level.ts';
export { TIMESTEP_RULES, timestepsOf, type TimestepOptions, type TimestepRule } from './sampling/timesteps.ts';
export { STRAIGHT_RULES, type StraightRule } from './sampling/straight-steps.ts';
export { rulesOf } from './sampling/rules.ts';
export {
  SOLVER_ENDS,
  SOLVER_KINDS,
  type LcmSettings,
  type SolverEnd,
  type SolverKind,
  type SolverSettings,
} from './sampling/solver-settings.ts';
export { sample, type SampledStep, type SampleOptions } from './sampling/samplers/sample.ts';
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
} from './sampling/samplers/settings.ts';
export type {
  DiffusionForm,
  LastStep,
  Path,
  PredictionKind,
  SamplerName,
  SdeSettings,
  StraightPath,
  Variance,
} from './sampling/samplers/settings.ts';
export type { Sampler, SamplerFactory, SamplerOptions } from './sampling/samplers/sampler.ts';
export { predictionOf, type Prediction, type PredictionOptions } from './sampling/samplers/prediction.ts';
export type { Clip, DynamicThreshold, FixedRange } from './sampling/samplers/clip.ts';
export { guided, MAX_GUIDANCE, type GuidanceOptions } from './sampling/guidance.ts';
export { gaussian, gaussians, MAX_SEED, type Seed, uniforms } from './sampling/random.ts';
export { type NoiseSource, type NoiseStreams, noiseStreams, seedsOf } from './sampling/noise.ts';
export { kindOf, median, recordSteps, summarise } from './running/statistics.ts';
export type { LetterSummary, StepKind, StepRecord, StepRecorder, StepSummary } from './running/statistics.ts';
export {
  trajectoryOf,
  type FollowOptions,
  type Guidance,
  type Trajectory,
  type TrajectoryOptions,
  type WalkOptions,
} from './running/trajectory.ts';
export { generate, type GenerateOptions, type Generation } from './running/generate.ts';

// From a latent to an image
export { identityDecoder, type Decoder, type ImageFormat } from './running/decoder.ts';
