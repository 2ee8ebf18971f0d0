export { openTransformer, type NodeTransformer, type TransformerOptions } from './transformer.ts';
export { openCheckpointFiles, openModelFiles, type OpenedCheckpoint, type OpenedModel } from './model-files.ts';
export { openFile, type FileSource } from './file-source.ts';
export { checkUnchanged, type FileIdentity } from './file-identity.ts';
export { nodeHost, type HostOptions } from './host.ts';
export { featureValues } from './feature-values.ts';
export { openNetwork, type NetworkOptions, type NumberArray, type OnnxNetwork } from './network.ts';
export { runtimeVersion } from './runtime.ts';
export { MOST_THREADS } from './threads.ts';
