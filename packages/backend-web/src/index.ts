// A model in a page
export { openTransformer } from './transformer.ts';
export { type ModelPlace, openPipeline, type PipelineOptions, type WebPipeline } from './open-pipeline.ts';
export type { ModelSource, TransformerOptions, WebTransformer } from './options.ts';

// Where models lie
export { urlFolder, type UrlOptions } from './url-folder.ts';
export { filesFolder } from './files-folder.ts';
export { Loading, type ProgressEvent } from './progress.ts';

// What computes
export { type RuntimeOptions, webHost } from './runtime.ts';
export type { Provider, WebRuntime } from './web-runtime.ts';
