import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();
const small = ['bench', '--rounds', '1', '--images', '1', '--threads', '1'];

describe('procache bench', () => {
  it('measures methods and files beside the uncached run, memory in processes of their own', async () => {
    await writeFile(inFolder('mine.json'), JSON.stringify({ version: 1, pattern: '#..#', legend: {} }));
    const { code, stdout, stderr } = await procache([
      ...small,
      '--schedules',
      `fora-2,${inFolder('mine.json')}`,
      '--steps',
      '4',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^round 1 of 1: uncached \d+\.\d\d s\n/);
    const contestant = { milliseconds: expect.any(Number), speedUp: expect.any(Number), peakBytes: expect.any(Number) };
    expect(JSON.parse(stdout)).toMatchObject({
      model: 'fashion-dit',
      steps: 4,
      guidance: 1.5,
      plainMilliseconds: expect.any(Number),
      contestants: [
        { ...contestant, name: 'uncached', kinds: { computed: { steps: 4 } }, speedUp: 1 },
        { ...contestant, name: 'fora-2', kinds: { computed: { steps: 3 }, reused: { steps: 1 } } },
        { ...contestant, name: inFolder('mine.json'), kinds: { computed: { steps: 2 }, reused: { steps: 2 } } },
      ],
    });
  });

  it('prints a table of 80 columns, and nothing else when it is asked to be quiet', async () => {
    const shown = await procache([
      ...small,
      '--schedules',
      'procache-published',
      '--steps',
      '50',
      '--no-peak',
      '--no-plain',
      '--guidance',
      '1',
    ]);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/\nfashion-dit: 50 steps, batch of 1, 1 thread\none round, wall clock\n/);
    expect(shown.stdout).toMatch(/\nprocache-published +\d+\.\d\d +\d+\.\d\dx +1\/2\.8/);
    expect(Math.max(...shown.stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(
      await procache([...small, '--schedules', 'fora-2', '--steps', '2', '--no-peak', '--no-plain', '--quiet']),
    ).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});
