// What there is to search: spaces of patterns, counted, indexed and listed
export { PatternSpace } from './space/pattern-space.ts';
export { MAX_SEARCHED_STEPS, type PatternConstraints } from './space/pattern-constraints.ts';
export { draw, drawDistinct, listed, type Space } from './space/space.ts';
export { eachGap, eachStep, eitherOf, type Fills, plain, selective } from './space/fills.ts';
export { alphabetOf, keyOf, scheduleFor } from './space/alphabet.ts';
export type { Alphabet, AlphabetOptions, ReuseVariant, SelectiveVariant } from './space/alphabet.ts';
export { referenceAttempt, referenceSample } from './space/reference-sampler.ts';
export type { ReferenceConstraints, ReferenceDraw, ReferenceSampleOptions } from './space/reference-sampler.ts';

// How to judge a schedule
export {
  checkObjectives,
  type Evaluator,
  lossesOf,
  type Objective,
  type Scores,
  type Signal,
} from './scoring/evaluator.ts';
export { comparison, LATENT_ERROR } from './scoring/comparison.ts';
export type { ComparisonOptions, ImageMeasure, Measure, Render, SetMeasure } from './scoring/comparison.ts';
export { renderer, type RendererOptions } from './scoring/renderer.ts';
export { pooledRender } from './scoring/pool.ts';
export { type MeanInterval, meanInterval, pairedDifference } from './scoring/interval.ts';
export { paretoFront } from './scoring/pareto.ts';
export { affords, budgetFor, cheapestLetter, millisecondsOf, type LetterTimes, type Target } from './scoring/target.ts';

// How to search
export { runSearch, type FinalRace, frontOf, type SearchOptions, type SearchResult } from './running/run-search.ts';
export type { SearchProgress } from './running/assessment-desk.ts';
export type { Assessment, Search, Strategy } from './strategies/strategy.ts';
export { exhaustive, type ExhaustiveOptions } from './strategies/exhaustive.ts';
export { reference, type ReferenceStrategyOptions, sampled, type SampledOptions } from './strategies/sample.ts';
export { halving, type HalvingOptions } from './strategies/halving.ts';
export { race, type RaceOptions } from './strategies/race.ts';
export {
  anneal,
  annealed,
  type AnnealOptions,
  climbed,
  type ClimbOptions,
  type Cost,
  measuredCost,
  type Walk,
} from './strategies/anneal.ts';
export { dynamic, type DynamicOptions } from './strategies/dynamic.ts';
export { combined, type CombinedOptions } from './strategies/combined.ts';
export { intervalOf, judge, type Judged, type JudgeOptions, meanScore } from './running/judge.ts';

// What uncached trajectories tell about all schedules at once
export { record, type RecordOptions } from './recording/record.ts';
export {
  type Family,
  joinedRecordings,
  type Recording,
  recordingFromJson,
  recordingToJson,
  rounded,
} from './recording/recording.ts';
export { errorModel, type ErrorModel, type Influence } from './recording/error-model.ts';
export { budgetCurve, type CurveOptions, type Predicted } from './recording/budget-curve.ts';

// Every evaluation, kept
export { type Append, beginStudy, resumeStudy, Study } from './study/study.ts';
export type { StudyHeader } from './study/header.ts';
export type { Kept } from './study/kept.ts';
export { asJson, type Json } from './study/json.ts';
export { type Evaluated, parseLines, type PlacedLine, type StudyLine } from './study/study-line.ts';

// A whole search: what is found for each budget, and how it stands beside other schedules
export {
  type Campaign,
  campaignOf,
  type CampaignOptions,
  type CostOptions,
  type SearchedModel,
  type SearchedSampling,
} from './campaign/campaign.ts';
export { inTurn, type SeedOptions, type SeedSets, seedSets } from './campaign/seeds.ts';
export {
  FEATURES,
  GAPS,
  MIXES,
  searchSpace,
  type SearchSpace,
  type SelectiveOption,
  type SpaceModel,
  type SpaceOptions,
} from './campaign/space-options.ts';
export {
  needsRecording,
  STRATEGY_NAMES,
  strategyNamed,
  type StrategyInput,
  type StrategyName,
  type StrategyOptions,
} from './campaign/strategy-names.ts';
export {
  type CampaignHost,
  type CampaignTimes,
  type Doing,
  type Effort,
  effortSoFar,
  type RecordingOptions,
} from './campaign/host.ts';
export { campaignMovement } from './campaign/campaign-movement.ts';
export { modelHost } from './campaign/model-host.ts';
export { generationTimes, type GenerationTimesOptions } from './campaign/generation-times.ts';
export { openWorkMeter, type WorkMeter } from './campaign/work-meter.ts';
export { type BudgetOutcome, type CampaignOutcome, runCampaign } from './campaign/run-campaign.ts';
export {
  type ContestantSchedule,
  contestantsOf,
  type FoundSchedule,
  shownContestants,
} from './campaign/contestants.ts';
export { type JudgedContestant, TIMED_IMAGES } from './campaign/judging.ts';
export { bestSoFar, foundSchedule, outcomeObject, paretoSet, scheduleFileName } from './campaign/outcome.ts';

// What is found, and where it holds
export { checkCircumstances, type Circumstances, found, provenanceOf, scoresOf } from './running/provenance.ts';
export { computedStepsOf, resample, type ResampleOptions } from './resample.ts';

// What other tools use
export { exportText, type Format, FORMATS, type Imported, importText, type Particulars } from './exchange/formats.ts';
export { fromEcad, toEcad } from './exchange/ecad.ts';
export { fromSmoothCache, type SmoothCacheNames, toSmoothCache } from './exchange/smoothcache.ts';
export { fromBins, fromStepMask, toBins, toStepMask } from './exchange/step-mask.ts';
export { fromCacheDit, type FromCacheDit } from './exchange/cache-dit.ts';
export {
  type Direction,
  fromReferenceList,
  type ReferenceListOptions,
  toReferenceList,
} from './exchange/reference-list.ts';

// How features move
export { type Change, changeOf } from './movement/change.ts';
export { type BranchMovement, branchMovement, type MovementOptions } from './movement/branch-movement.ts';
export { keptMovement } from './movement/kept-movement.ts';
export { watched } from './movement/watched.ts';
