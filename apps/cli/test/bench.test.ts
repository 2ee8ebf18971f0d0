import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

  it('refuses a schedule that there is not before anything is computed or written', async () => {
    const cache = inFolder('cache');
    for (const model of [[], ['--shape', 'dit-s/2', '--cache', cache]]) {
      const refused = await procache([...small, ...model, '--schedules', 'fora-2,forra-3']);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toMatch(/^procache: --schedules: there is no schedule 'forra-3'; .*\n$/);
    }
    expect(existsSync(cache)).toBe(false);
  });

  it('takes a published size with random weights', async () => {
    const shape = ['--shape', 'dit-s/2', '--cache', inFolder('shapes'), '--schedules', 'fora-2', '--steps', '2'];
    const { code, stdout } = await procache([...small, ...shape, '--no-plain', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      model: 'dit-s/2 (random weights)',
      images: 1,
      contestants: [{ name: 'uncached', peakBytes: expect.any(Number) }, { name: 'fora-2' }],
    });
  });

  it.each([
    ['while it takes turns', 'round 1 of 1000', ['--rounds', '1000', '--images', '1']],
    ['while a process of its own measures memory', 'round 1 of 1: fora-2', ['--rounds', '1', '--images', '4']],
  ])('ends as other commands when it is asked to, %s', async (_, after, words) => {
    const command = ['bench', ...words, '--schedules', 'fora-2', '--steps', '6', '--no-plain', '--threads', '1'];
    const ended = await procache(command, { interrupt: { signal: 'SIGINT', after } });
    expect(ended.code).toBe(130);
    expect(ended.stderr).toMatch(/\nprocache: interrupted; no file was written\n$/);
    expect(ended.milliseconds).toBeLessThan(5000);
    expect(processesOf('--only')).toEqual([]);
  });
});

/** The command lines of running processes of this program with a word in them, where the system tells. */
function processesOf(word: string): readonly string[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  const lines = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((id) => {
      try {
        return readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
      } catch {
        return []; // it has ended meanwhile
      }
    });
  return lines.filter((words) => words.includes('bench') && words.includes(word)).map((words) => words.join(' '));
}
