import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readModelHeaders } from '@procache/backend-node';
import type { PipelineOptions, TransformerOptions } from '@procache/backend-web';
import { serveFiles, startChromium } from '@procache/conformance/browser';
import { decodeMessage, encodeMessage } from '@procache/conformance/wire';
import type { Transformer } from '@procache/core';
import { remoteTransformer } from '@procache/core/remote';
import type { ConfigJson, LatentSize, TransformerModel } from '@procache/model';
import type { GenerateRequest } from '@procache/pipeline';
import { build } from 'vite';

/** A page in a browser that opens transformers, which this process then works with. */
export interface Page {
  /** What the page has said: notices and errors of its console. */
  readonly said: readonly string[];
  open(
    path: string,
    config: ConfigJson | undefined,
    latentSize: LatentSize | undefined,
    options: Partial<TransformerOptions>,
  ): Promise<Transformer<unknown> & { readonly model: TransformerModel }>;
  /** Draws in the page with a pipeline that it opens for this. */
  draw(path: string, options: Partial<PipelineOptions>, request: GenerateRequest): Promise<Drawn>;
  /** What an expression is in the page. */
  evaluate<T>(expression: string): Promise<T>;
  close(): Promise<void>;
}

/** What was drawn in a page. */
export interface Drawn {
  readonly images: Float32Array;
  readonly latents: Float32Array;
  readonly times: readonly { readonly kind: string; readonly milliseconds: number }[];
  readonly notices: readonly string[];
  /** The statuses of the events of loading. */
  readonly events: readonly string[];
}

/** What tests open models from, by the path that it is served at. */
const FOLDERS = {
  '/fixtures': fileURLToPath(new URL('../../conformance/fixtures', import.meta.url)),
  '/models': fileURLToPath(new URL('../../zoo/models', import.meta.url)),
  '/temporary': tmpdir(),
};

/** Where a page finds a model that lies at a path here. */
function addressOf(path: string): string {
  const [at, folder] = Object.entries(FOLDERS).find(([, own]) => path.startsWith(own))!;
  return `${at}${path.slice(folder.length)}`;
}

/** Builds the page, serves it, and opens it in Chromium. The caller closes it. */
export async function openPage({ isolated = true }: { readonly isolated?: boolean } = {}): Promise<Page> {
  const folder = mkdtempSync(join(tmpdir(), 'procache-page-'));
  await buildPage(folder);
  const server = await serveFiles({ folders: { '/': folder, ...FOLDERS }, isolated });
  const browser = await startChromium();
  const page = await browser.newPage();
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  const listeners = new Map<number, (message: unknown) => void>();
  await page.exposeFunction('toNode', (port: number, message: string) => listeners.get(port)?.(decodeMessage(message)));
  await page.goto(server.address);
  await page.waitForFunction('globalThis.openServed !== undefined');
  let ports = 0;
  return {
    said,
    async open(path, config, latentSize, options) {
      const { model } = await readModelHeaders(path, config, latentSize);
      const port = ports++;
      const asked = encodeMessage({ ...options, config, latentSize });
      await page.evaluate(([at, where, how]) => globalThis.openServed(at, where, how), [
        port,
        addressOf(path),
        asked,
      ] as const);
      const remote = await remoteTransformer({
        post: (message) =>
          void page.evaluate(([at, text]) => globalThis.fromNode(at, text), [port, encodeMessage(message)] as const),
        onMessage: (listener) => void listeners.set(port, listener),
        onClosed: (listener) => void page.on('close', () => listener(new Error('the page was closed'))),
      });
      return { ...remote, model };
    },
    async draw(path, options, request) {
      const asked = [addressOf(path), encodeMessage(options), encodeMessage(request)] as const;
      const text = await page.evaluate(([at, how, what]) => globalThis.drawn(at, how, what), asked);
      return decodeMessage(text) as Drawn;
    },
    evaluate: (expression) => page.evaluate(expression),
    async close() {
      await browser.close();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function buildPage(folder: string): Promise<void> {
  const root = fileURLToPath(new URL('.', import.meta.url));
  await build({
    configFile: false,
    root,
    base: './',
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true, target: 'es2023', minify: false },
    worker: { format: 'es' },
  });
}
