// From a name to a picture
export { pipelineOf, pixelDecoder, type Drawn, type Lacking, type Pipeline, type PipelineParts } from './pipeline.ts';
export type { DrawRequest, GenerateRequest, PipelineStep } from './request.ts';

// What a user asks, against what is known of a model
export { defaultsOf, type Advice, type KnownModel, type ModelFacts, type PipelineDefaults } from './known-model.ts';
export {
  checkedConditions,
  conditionsJson,
  conditionsOf,
  describeTakes,
  doubtOf,
  nameOfCondition,
  takenText,
  type AskedCondition,
  type AskedConditions,
  type ConditionsOptions,
} from './conditions.ts';
export {
  anyConditioning,
  checkedConditioning,
  readConditioning,
  type AskedConditioning,
  type Conditioning,
  type ConditioningContext,
  type ReadConditioning,
  unconditionalOf,
} from './conditioning.ts';
export { processOf, scaleOf, type AskedProcess, type Process } from './process.ts';
export {
  findSchedule,
  type AskedMethod,
  type AskedSchedule,
  type ScheduleContext,
  type ScheduleShelf,
} from './schedules.ts';
export { drawnSize, pixelsPerCell, type AskedSize, type DrawnSize } from './size.ts';
export type { ImageSize } from './binned-size.ts';
export { resizedAndCropped, resizedDecoder, type ImageBatch } from './resized.ts';
export { rememberingDecoder } from './remembering.ts';
export { paddedEncoder } from './padded-encoder.ts';
export { rememberingEncoder } from './remembering-encoder.ts';
export { CAPTIONS, heldOut, type SearchedCaptions } from './captions.ts';
export { promptsIn } from './prompts.ts';
export { unreadTexts } from './texts.ts';
export { wordEncoder } from './word-encoder.ts';
export { checkSeed } from './seed.ts';
export { noiseIn } from './noise-file.ts';
export type { OptionName } from './spelling.ts';
