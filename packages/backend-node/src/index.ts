export { openPipeline, type ModelPlace, type NodePipeline, type PipelineOptions } from './open-pipeline.ts';
export {
  inspectPath,
  type HeldCheckpoint,
  type InspectOptions,
  type ModelReport,
  type PartReport,
  type PartsReport,
  type PathReport,
  type TokenizerReport,
} from './inspect-path.ts';
export { partsBeside, type PartsBeside, placesOfModel } from './parts-beside.ts';
export { readConfigFile, readModelHeaders, type ModelHeaders } from './model-headers.ts';
export { checkSameWeights, openFromHeaders } from './from-headers.ts';
export { readNoise } from './noise-file.ts';
export { isSchedulePath, readSchedule, scheduleFiles } from './schedule-files.ts';
export { openTransformer } from './transformer.ts';
export type { NodeTransformer, TransformerOptions } from './options.ts';
export { openCheckpointFiles, openModelFiles, type OpenedCheckpoint, type OpenedModelFiles } from './model-files.ts';
export { openFile, type FileSource } from './file-source.ts';
export { checkUnchanged, type FileIdentity } from './file-identity.ts';
export { nodeHost, type HostOptions } from './host.ts';
export { openNetwork, type OnnxNetworkOptions, type NumberArray, type OnnxNetwork } from './network.ts';
export { runtimeVersion } from './runtime.ts';
export { peakMemory, peakOfThisProcess, type MeasuredProgram } from './peak-memory.ts';
export { MOST_THREADS } from './threads.ts';
export { syntheticModel } from './synthetic-model.ts';
export { openEncoder } from './open-encoder.ts';
export type { EncoderOptions, EncoderPlace } from './encoder-options.ts';
export {
  type BrokenParts,
  checkDecoder,
  openCompanions,
  type CompanionOption,
  type CompanionOptions,
  type CompanionPlaces,
  type Companions,
} from './open-companions.ts';
export { openDecoder, type DecoderOptions, type NodeDecoder } from './open-decoder.ts';
