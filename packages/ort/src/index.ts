export type { OrtHost, Residence } from './host.ts';
export { hoistsPlans, ortTransformer, type OrtTransformerOptions } from './transformer.ts';
export { sharedPrograms, type SharedProgram } from './programs.ts';
