export type { OrtHost, Residence } from './host.ts';
export { ortTransformer, type OrtTransformerOptions } from './transformer.ts';
export { graphsFor, SHARE_FROM_BYTES, type CompiledProgram } from './programs.ts';
