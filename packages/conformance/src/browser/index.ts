export { startChromium } from './chromium.ts';
export { type FileServer, serveFiles, type ServerOptions } from './server.ts';
