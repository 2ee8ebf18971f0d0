export { referenceNetwork, type Network, type NetworkOptions, type Stream } from './network.ts';
export {
  referenceTransformer,
  type ReferenceOptions,
  type ReferenceTensor,
  type ReferenceTransformer,
} from './transformer.ts';
export { naiveDenoiser, type NaiveDenoiser, type NaiveOptions, type NaiveStep } from './naive.ts';
