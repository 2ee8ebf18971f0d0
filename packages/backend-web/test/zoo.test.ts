import { openPipeline } from '@procache/backend-node';
import { largestDifference } from '@procache/conformance';
import { zooModel, type ZooName } from '@procache/zoo';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage, type Page } from './served.ts';

// What is drawn in a page is what is drawn in Node.

let page: Page;
beforeAll(async () => {
  page = await openPage();
});
afterAll(() => page.close());

describe.each<[name: ZooName, shown: string, publishedSteps: number]>([
  ['fashion-dit', 'bag', 50],
  ['emoji-pixart', 'twemoji blue heart', 20],
])('%s in a page', (name, shown, publishedSteps) => {
  const { folder } = zooModel(name);

  it.each([
    ['procache-published', publishedSteps],
    ['searched-10', 50],
  ])('draws by %s what Node draws, in a worker', async (schedule, steps) => {
    const pipeline = await openPipeline(zooModel(name), { threads: 2 });
    const request = { conditions: [shown], seed: 3, guidance: 2 };
    const { plan } = await pipeline.options({ ...request, schedule, steps });
    const { images } = await pipeline.generate({ ...request, schedule: plan });
    await pipeline.dispose();
    const drawn = await page.draw(folder, { threads: 2 }, { ...request, schedule: plan });
    expect(drawn.images).toHaveLength(images.length);
    expect(largestDifference(drawn.images, images)).toBeLessThan(2e-3); // of a range of 2
    expect(drawn.notices).toEqual([]);
    expect(new Set(drawn.events)).toEqual(new Set(['initiate', 'progress', 'done', 'ready']));
  });
});

it('computes with one thread in a page that is not isolated, and says what would help', async () => {
  const plain = await openPage({ isolated: false });
  try {
    const { folder } = zooModel('fashion-dit');
    const { images, notices } = await plain.draw(folder, { threads: 2 }, { conditions: ['bag'], steps: 2 });
    expect(images.every(Number.isFinite)).toBe(true);
    expect(notices).toEqual([expect.stringContaining('Cross-Origin-Opener-Policy: same-origin')]);
  } finally {
    await plain.close();
  }
});

it.each<[string, Parameters<Page['draw']>]>([
  ['there is none of the files', ['/nowhere', {}, { conditions: [0], steps: 2 }]],
])('an address without a model: %s', async (message, [path, options, request]) => {
  const address = `${zooModel('fashion-dit').folder}${path}`;
  await expect(page.draw(address, options, request)).rejects.toThrow(message);
});
