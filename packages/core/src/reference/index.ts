export { referenceNetwork, type Network, type NetworkOptions } from './network.ts';
export type { Stream } from './streams.ts';
export {
  referenceTransformer,
  type ReferenceOptions,
  type ReferenceTensor,
  type ReferenceTransformer,
} from './transformer.ts';
export { naiveDenoiser, type NaiveDenoiser, type NaiveOptions, type NaiveStep } from './naive.ts';
export { chooseTokens } from '../running/choose-tokens.ts';
