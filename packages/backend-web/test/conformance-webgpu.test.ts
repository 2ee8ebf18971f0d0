import { type Backend, describeEvaluations } from '@procache/conformance';
import { afterAll, beforeAll } from 'vitest';
import { openPage, type Page } from './served.ts';

// Without a graphics card a step takes seconds, so the golden runs of 50 steps are left to WebAssembly.

let page: Page;
beforeAll(async () => {
  page = await openPage();
});
afterAll(() => page.close());

const open: Backend['open'] = (path, config, size) => page.open(path, config, size, { provider: 'webgpu' });
describeEvaluations('onnxruntime-web on WebGPU, in Chromium', { open });
