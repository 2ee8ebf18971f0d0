import { availableParallelism } from 'node:os';
import { fixture } from '@procache/conformance';
import { describe, expect, it } from 'vitest';
import { procache, temporaryFolder } from './spawn-procache.ts';

const out = temporaryFolder();
const processors = availableParallelism();
const tiny = ['--model', fixture('cases/11-sharded-variants/fp16'), '--steps', '2'];
const note =
  `note: --threads ${processors + 1} is more than this process may use processors (${processors}); ` +
  `one for each is faster\n`;

describe('--threads', () => {
  it.each([
    ['generate', ['generate', ...tiny, '--labels', '1', '--out', 'pictures']],
    [
      'search',
      [
        'search',
        ...tiny,
        '--budget',
        '1',
        '--seeds',
        '2',
        '--final-seeds',
        '0',
        '--judge',
        '0',
        '--forecast',
        '0',
        '--features',
        'stack',
        '--no-report',
        '--out',
        'search',
      ],
    ],
    [
      'bench',
      ['bench', ...tiny, '--images', '1', '--rounds', '1', '--no-plain', '--no-peak', '--schedules', 'uncached'],
    ],
  ])('of %s may be more than there are processors, which is said', async (name, words) => {
    const { code, stderr } = await procache([...words, '--threads', String(processors + 1)], { cwd: out() });
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(note);
    if (name === 'generate')
      expect((await procache([...words, '--threads', String(processors)], { cwd: out() })).stderr).toBe('');
  });
});
