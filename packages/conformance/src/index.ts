export type { Backend } from './backend.ts';
export { describeEvaluations, describeTransformer } from './describe-transformer.ts';
export { fixture, tensorsOf, type Tensors } from './fixtures.ts';
export { largestDifference, largestMagnitude } from './distance.ts';
export { tracesOf, watcher, type TraceOptions, type Traces } from './traces.ts';
