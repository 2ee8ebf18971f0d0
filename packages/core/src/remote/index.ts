export type { Port } from './port.ts';
export type { Handle } from './messages.ts';
export { remoteTransformer } from './remote-transformer.ts';
export { serveTransformer } from './serve-transformer.ts';
