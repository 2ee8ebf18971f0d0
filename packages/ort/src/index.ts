export type { OrtHost, OrtSession, Residence } from './host.ts';
export { Lifetime } from './lifetime.ts';
export { queued } from './queued.ts';
export type { PreludeLimits } from './prelude.ts';
export { hoistsPlans, ortTransformer, type OrtTransformerOptions } from './transformer.ts';
export { openPlainModel, type PlainModel } from './plain-model.ts';
export { sharedGraphs, type GraphLane, type SharedGraph } from './shared-graphs.ts';
export { ortDecoder, type OrtDecoderOptions, type Tiling } from './decoder.ts';
export { ortTextModel, type OrtTextModel, type TokenIds } from './text-encoder.ts';
