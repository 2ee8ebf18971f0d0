// Reading checkpoints
export { openCheckpoint } from './checkpoint/open-checkpoint.ts';
export { isShardIndex, openShards } from './checkpoint/shards.ts';
export { weightsTaken } from './checkpoint/checkpoint-of.ts';
export { checkRecords, type CheckRecordsOptions } from './checkpoint/check-records.ts';
export { readFloats } from './checkpoint/read-floats.ts';
export { isContiguous, type Checkpoint, type StoredRecord, type StoredTensor } from './checkpoint/checkpoint.ts';
export type { StoredType } from './checkpoint/stored-type.ts';
export { bytesSource, type ByteSource } from './checkpoint/byte-source.ts';
export { writeSafetensors, type TensorValues } from './checkpoint/safetensors-writer.ts';

// What there is to tell of it
export { checkpointContent, sourcesOf, type CheckpointContent } from './inspection/checkpoint-content.ts';

// From a checkpoint to a model
export { FAMILY_NAMES, openModel } from './open-model.ts';
export type {
  Classes,
  ConditioningRows,
  InputArray,
  SamplingDefaults,
  Takes,
  Texts,
  TransformerModel,
} from './model.ts';
export type { ConfigJson } from './config/fields.ts';
export { ModelConfig, type ConfigTexts } from './config/model-config.ts';
export { guidanceOf } from './guidance.ts';

// The graphs, and the names of their inputs and outputs
export type { OnnxGraph } from './onnx/graph-builder.ts';
export type { Dimension, ElementType, GraphValue } from './onnx/model-proto.ts';
export type { StreamShape } from './graphs/emitter.ts';
export {
  aheadCoefficientsOf,
  aheadOf,
  IMAGES,
  inLane,
  inputOf,
  outputOf,
  packOf,
  rowsOf,
  scoreOf,
} from './graphs/names.ts';
