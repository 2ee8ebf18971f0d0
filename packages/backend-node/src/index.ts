export { openTransformer, type NodeTransformer, type TransformerOptions } from './transformer.ts';
export { openCheckpointFiles, openModelFiles, type OpenedCheckpoint, type OpenedModel } from './model-files.ts';
export { openFile, type FileSource } from './file-source.ts';
export { nodeHost, type HostOptions } from './host.ts';
export { readRegularFile, readRegularText, type ReadOptions, type RegularFileOptions } from './regular-file.ts';
