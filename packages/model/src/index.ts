// Reading checkpoints
export { openCheckpoint } from './checkpoint/open-checkpoint.ts';
export { isShardIndex, openShards } from './checkpoint/shards.ts';
export { weightsTaken } from './checkpoint/checkpoint-of.ts';
export { checkRecords, type CheckRecordsOptions } from './checkpoint/check-records.ts';
export { readFloats } from './checkpoint/read-floats.ts';
export { isContiguous, type Checkpoint, type StoredRecord, type StoredTensor } from './checkpoint/checkpoint.ts';
export type { StoredType } from './checkpoint/stored-type.ts';
export { bytesSource, type ByteSource, rangeOf } from './checkpoint/byte-source.ts';
export { writeSafetensors, type TensorValues } from './checkpoint/safetensors-writer.ts';

// What there is to tell of it
export { describeArchitecture, describeSampling, type Fact } from './inspection/describe-model.ts';
export { checkpointContent, sourcesOf, type CheckpointContent } from './inspection/checkpoint-content.ts';
export { checkpointKind, describeKind, type CheckpointKind } from './inspection/checkpoint-kind.ts';
export { describeParts } from './inspection/describe-parts.ts';

// From a folder to a checkpoint
export { within, type Folder } from './folder/folder.ts';
export { findModel, type FoundModel } from './folder/find-model.ts';
export { openFolder, type OpenedFolder } from './folder/open-folder.ts';
export { findParts, type FoundParts } from './folder/find-parts.ts';
export { chosenParts, type ChosenParts, type MissingPart, type PassedOver } from './folder/chosen-parts.ts';
export { PART_NAMES, partsAt, type FoundPart, type PartName } from './folder/parts-at.ts';
export { originOf, type Origin, type PartedModel } from './folder/origins.ts';
export { missingText, originText } from './folder/missing-text.ts';
export { openDecoderModel } from './decoders/open-decoder.ts';
export type { DecoderModel } from './decoders/decoder-model.ts';
export { linearPreview } from './decoders/linear-preview.ts';
export { decodeInTiles, needsTiles, type Plane, type TileShape } from './decoders/tiles.ts';
export { openTextModel, type TextModel } from './encoders/t5.ts';
export { embeddingsFile, type Embeddings, type EmbeddingsOptions, openEmbeddings } from './encoders/embeddings-file.ts';
export { openWordFolder, openWordTable, type WordTable } from './encoders/word-table.ts';

// From a checkpoint to a model
export { checkLatentSize, FAMILY_NAMES, openModel } from './open-model.ts';
export type { LatentSize, ModelFamily } from './families/family.ts';
export type { Classes, ModulationRows, InputArray, SamplingDefaults, Takes, Texts, TransformerModel } from './model.ts';
export type { ConfigJson } from './config/fields.ts';
export { ModelConfig, type ConfigReading, type ConfigTexts } from './config/model-config.ts';
export type { ConfigFields } from './config/fields.ts';
export { guidanceOf, nothingOf } from './guidance.ts';

// Models without weights, and weights without training
export type { PublishedShape, TensorShapes } from './shapes/published-shape.ts';
export { publishedShape, SHAPE_NAMES } from './shapes/published-shapes.ts';
export { modelOfShape } from './shapes/shape-model.ts';
export { randomWeights, type RandomWeights } from './shapes/random-weights.ts';

// The graphs, and the names of their inputs and outputs
export { isCheckpointName } from './folder/weight-files.ts';
export type { ExternalRange } from './onnx/model-proto.ts';
export { GraphBuilder, type GraphOutput, type OnnxGraph, type OutputRole, type Value } from './onnx/graph-builder.ts';
export {
  type Attribute,
  ELEMENT_TYPES,
  type Dimension,
  type ElementType,
  type GraphValue,
} from './onnx/model-proto.ts';
export type { InlineWeight, StoredWeight, Weight } from './onnx/weight.ts';
export { distinctTexts, textOfImages } from './graphs/contexts.ts';
export type {
  ContextTensor,
  Emitter,
  ModulationOwner,
  ModuleCall,
  ModuleResult,
  StreamShape,
} from './graphs/emitter.ts';
export { contextOf, IMAGES, inLane, isContext, laneOf, PADDING, TEXT_OF_IMAGE } from './graphs/names.ts';
export { StepInputs, type ModulationAt, type StepFeeds, type StepModel } from './graphs/step-inputs.ts';
export { chosenTokens, stepOutputs, type StepOutputs } from './graphs/step-outputs.ts';
