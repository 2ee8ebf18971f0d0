export type { OrtHost, Residence } from './host.ts';
export { ortTransformer, type OrtTransformerOptions } from './transformer.ts';
export { graphsFor, type CompiledProgram } from './programs.ts';
