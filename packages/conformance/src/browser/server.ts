import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

/** A server of files for a page. */
export interface FileServer {
  /** `http://127.0.0.1:1234/` */
  readonly address: string;
  close(): Promise<void>;
}

export interface ServerOptions {
  /** Folders by the path that they are served at: `{ '/': 'dist', '/models': 'models' }`. */
  readonly folders: Readonly<Record<string, string>>;
  /** Whether pages may compute with several threads. */
  readonly isolated?: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** Serves folders on this machine, with ranges. The caller closes it. */
export async function serveFiles({ folders, isolated = true }: ServerOptions): Promise<FileServer> {
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(isolated ? ISOLATED : {})) response.setHeader(name, value);
    const path = fileOf(request, folders);
    if (path === undefined) response.writeHead(404).end('there is no such file');
    else send(path, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function fileOf({ url = '/' }: IncomingMessage, folders: ServerOptions['folders']): string | undefined {
  const path = normalize(decodeURIComponent(new URL(url, 'http://page').pathname));
  const at = Object.keys(folders)
    .toSorted((a, b) => b.length - a.length)
    .find((prefix) => path.startsWith(prefix));
  if (at === undefined) return undefined;
  const file = join(folders[at]!, path.slice(at.length), path.endsWith('/') ? 'index.html' : '');
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined;
}

function send(path: string, { headers, method }: IncomingMessage, response: ServerResponse): void {
  const { size } = statSync(path);
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  const [start, end] = [Number(first ?? 0), Math.min(size - 1, Number(last || size - 1))];
  response.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream');
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Length', end - start + 1);
  if (first !== undefined) response.setHeader('Content-Range', `bytes ${start}-${end}/${size}`);
  response.writeHead(first === undefined ? 200 : 206);
  if (method === 'HEAD') response.end();
  else createReadStream(path, { start, end }).pipe(response);
}
