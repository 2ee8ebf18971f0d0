import { type Backend, describeTransformer } from '@procache/conformance';
import { afterAll, beforeAll } from 'vitest';
import { openPage, type Page } from './served.ts';

let page: Page;
beforeAll(async () => {
  page = await openPage();
});
afterAll(() => page.close());

const open: Backend['open'] = (path, config, size) => page.open(path, config, size, { provider: 'wasm', threads: 2 });
describeTransformer('onnxruntime-web on WebAssembly, in Chromium', { open });
