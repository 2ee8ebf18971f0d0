import { createContext, runInContext } from 'node:vm';
import { fileURLToPath } from 'node:url';
import { build, createLogger } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Seen } from './page/page.ts';

const entry = fileURLToPath(new URL('page/page.ts', import.meta.url));
const said: string[] = [];
let code = '';

beforeAll(async () => {
  const keep = (text: string) => void said.push(text);
  const built = await build({
    configFile: false,
    envDir: false,
    logLevel: 'warn',
    publicDir: false,
    customLogger: { ...createLogger('silent'), warn: keep, warnOnce: keep, error: keep },
    build: { write: false, lib: { entry, name: 'page', formats: ['iife'] } },
  });
  const output = Array.isArray(built) ? built[0] : built;
  if (output && 'output' in output) code = output.output[0].code;
});

describe('a page that a bundler makes of the packages without a host', () => {
  it('needs no shim: nothing of Node is asked for, and the bundler warns of nothing', () => {
    expect(said).toEqual([]);
    expect(code.match(/.{0,20}(['"`]node:|browser-external|\brequire\(|\b(process|Buffer)\.).{0,40}/g) ?? []).toEqual(
      [],
    );
  });

  it('draws, compares, searches and reports where there is ECMAScript, and a decoder of text', async () => {
    const context = createContext({ TextDecoder, TextEncoder });
    runInContext(code, context);
    const seen = (await runInContext('page.look(() => 0)', context)) as Seen;
    expect(seen).toMatchObject({
      pictureText: 'drawn in a page, 猫',
      usual: [50, 28],
      tensors: ['w'],
      schedules: expect.stringMatching(/^\d+$/),
      report: expect.stringMatching(/^<!doctype html>[^]*<svg/),
    });
    expect(seen.latentError).toBeGreaterThan(0);
  });
});
