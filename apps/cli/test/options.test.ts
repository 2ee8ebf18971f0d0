import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePng } from '@procache/pictures';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { FIXTURES, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();

/** Runs a command line in this process: all that these tests ask for fails before anything is computed. */
async function run(words: readonly string[]) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const code = await runCommandLine(words, {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    env: {},
    signal: new AbortController().signal,
  });
  return { code, ...written };
}

const golden = join(FIXTURES, 'dit');
const noise = [
  '--model',
  join(golden, 'model.safetensors'),
  '--num-heads',
  '4',
  '--noise',
  join(golden, 'noise.safetensors'),
  '--labels',
  '1,2',
];

/** Every option that would change nothing, beside what makes it so. */
const useless: readonly (readonly [string, readonly string[]])[] = [
  [
    '--ratio belongs to the methods procache, toca-<interval>, duca-<interval>; leave it out for fora-3',
    ['generate', '--schedule', 'fora-3', '--ratio', '0.3'],
  ],
  [
    '--pattern belongs to the methods procache; leave it out for uncached',
    ['generate', '--schedule', 'uncached', '--pattern', '#.#'],
  ],
  ['--pattern belongs to the methods procache; leave it out for uncached', ['explain', '--pattern', '#.#']],
  [
    '--pattern belongs to the methods procache; leave it out for toca-3',
    ['explain', '--schedule', 'toca-3', '--pattern', '#.#'],
  ],
  ['--ratio belongs to the methods', ['explain', '--schedule', 'procache-published', '--ratio', '0.3']],
  [
    '--ratio belongs to the methods procache, toca-<interval>, duca-<interval>, and searched-17 is a schedule already',
    ['generate', '--schedule', 'searched-17', '--ratio', '0.3'],
  ],
  [
    '--pattern belongs to the methods procache, and %schedule is a schedule already',
    ['explain', '--schedule', '%schedule', '--pattern', '#.'],
  ],
  ['--steps 3: the schedule %schedule has 2 steps', ['explain', '--schedule', '%schedule', '--steps', '3']],
  ['--steps 3: the schedule searched-17 has 50 steps', ['bench', '--schedules', 'searched-17', '--steps', '3']],
  ['--eta belongs to the sampler ddim', ['generate', '--sampler', 'ddpm', '--eta', '0.5']],
  ['--seed: with --noise nothing is drawn from it', ['generate', ...noise, '--seed', '1']],
  ['--repeat belongs to --compare; add it, or leave this out', ['generate', '--repeat', '2']],
  ["--num-heads 4: the model's own config.json says 6; leave this out", ['generate', '--num-heads', '4']],
  ["--num-heads 4: the model's own config.json says 6; leave this out", ['bench', '--num-heads', '4']],
  ['--num-heads 4: --config %config says 2; leave this out', ['explain', '--config', '%config', '--num-heads', '4']],
  [
    "option '--shape <size>' cannot be used with option '-m, --model <model>'",
    ['explain', '--shape', 'dit-xl/2', '--model', 'fashion-dit'],
  ],
  [
    "option '--shape <size>' cannot be used with option '--num-heads <n>'",
    ['explain', '--shape', 'dit-xl/2', '--num-heads', '16'],
  ],
  [
    "option '--shape <size>' cannot be used with option '--config <file>'",
    ['bench', '--shape', 'dit-xl/2', '--config', 'x.json'],
  ],
  [
    '--labels and --images both say how many images there are; leave one out',
    ['explain', '--labels', '1', '--images', '2'],
  ],
  ["unknown option '--threads'", ['explain', '--threads', '2']],
  ["unknown option '--memory'", ['explain', '--memory', 'low']],
  ['--cache belongs to --shape', ['bench', '--cache', 'x']],
  [
    '--model belongs to schedules, and fashion-dit is a checkpoint; leave it out',
    ['inspect', 'fashion-dit', '--model', 'fashion-dit'],
  ],
  ['--tensors belongs to checkpoints, and %schedule is a schedule', ['inspect', '%schedule', '--tensors']],
  ['--check belongs to checkpoints, and %picture is a picture', ['inspect', '%picture', '--check']],
  [
    '--num-heads belongs to checkpoints, and to --model, and %schedule is a schedule',
    ['inspect', '%schedule', '--num-heads', '2'],
  ],
  [
    '--config belongs to checkpoints, and to --model, and %picture is a picture',
    ['inspect', '%picture', '--config', 'x.json'],
  ],
  [
    '--direction belongs to --format list',
    ['schedule', 'import', 'x', '--format', 'mask', '--direction', 'noisiest-first'],
  ],
  [
    '--direction belongs to --format list',
    ['schedule', 'export', 'fora-3', '--format', 'mask', '--direction', 'noisiest-first'],
  ],
  [
    '--forecast belongs to --format mask and --format bins',
    ['schedule', 'import', 'x', '--format', 'ecad', '--forecast', '1'],
  ],
  ['--stack belongs to --format mask and --format bins', ['schedule', 'import', 'x', '--format', 'list', '--stack']],
  ['--rule belongs to --forecast', ['schedule', 'import', 'x', '--format', 'mask', '--rule', 'taylor']],
  [
    '--model belongs to methods and names that ship with a model',
    ['schedule', 'resample', '%schedule', '--steps', '4', '--model', 'fashion-dit'],
  ],
  ["--schedules: there is no schedule 'for-2'", ['bench', '--schedules', 'fora-2,for-2']],
  ['--steps 2000: cannot take 2000 steps through a model trained with 1000 timesteps', ['generate', '--steps', '2000']],
  ['--images belongs to --target', ['search', '--images', '3']],
  ['--rule belongs to --forecast with an order above 0', ['search', '--forecast', '0', '--rule', 'taylor']],
  [
    '--mix belongs to several orders of --forecast',
    ['search', '--forecast', '2', '--features', 'stack', '--mix', 'step'],
  ],
  ['--paper says what reused steps do, and so does --rule', ['search', '--paper', '--rule', 'taylor']],
  ['--paper says what reused steps do, and so does --mix', ['search', '--paper', '--mix', 'step']],
  ['--beside belongs to --judge with more than 0 images', ['search', '--judge', '0', '--beside', 'fora-3']],
  ['--iterations belongs to the strategies anneal, combined', ['search', '--strategy', 'sample', '--iterations', '3']],
  ['--candidates belongs to the strategies', ['search', '--strategy', 'exhaustive', '--candidates', '3', '--paper']],
  ['--data belongs to the objectives frechet and kernel', ['search', '--data', 'x.safetensors']],
];

describe('an option that would change nothing', () => {
  it.each(useless)('%s', async (message, words) => {
    const files = {
      '%schedule': inFolder('two.json'),
      '%config': inFolder('config.json'),
      '%picture': inFolder('a.png'),
    };
    await writeFile(files['%schedule'], JSON.stringify({ version: 1, pattern: '#.', legend: {} }));
    await writeFile(files['%config'], JSON.stringify({ num_heads: 2 }));
    await writeFile(files['%picture'], encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(0) }));
    const named = (text: string) => Object.entries(files).reduce((all, [name, path]) => all.replace(name, path), text);
    const { code, stdout, stderr } = await run(words.map(named));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`procache: ${named(message)}`);
    expect(stderr.split('\n')).toHaveLength(2);
  });
});

/** Numbers that size something, far above what anybody needs. */
const large: readonly (readonly [string, readonly string[]])[] = [
  [
    "option '-n, --steps <n>' argument '100000' is invalid. It is a whole number, 1 or more, at most 4096",
    ['generate', '--steps', '100000'],
  ],
  [
    "option '--threads <n>' argument '4096' is invalid. It is a whole number, 1 or more, at most ",
    ['generate', '--threads', '4096'],
  ],
  ["option '--threads <n>' argument '1000000000' is invalid", ['search', '--threads', '1000000000']],
  ["option '--repeat <rounds>' argument '1000000000' is invalid", ['generate', '--compare', '--repeat', '1000000000']],
  ["option '--rounds <n>' argument '1000000000' is invalid", ['bench', '--rounds', '1000000000']],
  ["option '--images <n>' argument '1000000000' is invalid", ['bench', '--images', '1000000000']],
  ["option '--images <n>' argument '1000000000' is invalid", ['explain', '--images', '1000000000']],
  [
    "option '--num-heads <n>' argument '1000000000' is invalid",
    ['inspect', 'fashion-dit', '--num-heads', '1000000000'],
  ],
  ["option '--seed <n>' argument '18446744073709551616' is invalid", ['generate', '--seed', '18446744073709551616']],
  [
    "option '-n, --steps <n>' argument '1000000000' is invalid",
    ['schedule', 'resample', 'x.json', '--steps', '1000000000'],
  ],
  ["option '--seeds <n>' argument '1000000000' is invalid", ['search', '--seeds', '1000000000']],
  ["option '--workers <n>' argument '1000000000' is invalid", ['search', '--workers', '1000000000']],
  [
    '--labels: these are 16385 images, and at most 16384 are drawn together',
    ['generate', '--labels', '1,'.repeat(16384) + '2'],
  ],
  [
    '--labels: these are 16385 images, and at most 16384 are drawn together',
    ['explain', '--labels', '1,'.repeat(16384) + '2'],
  ],
  ['--schedule fora-99999999999999999999: interval: ', ['explain', '--schedule', 'fora-99999999999999999999']],
  ['--steps', ['explain', '--schedule', 'procache', '--pattern', '#'.repeat(5000)]],
];

describe('a number beyond its limit', () => {
  it.each(large)('%s', async (message, words) => {
    const started = performance.now();
    const { code, stdout, stderr } = await run(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`procache: ${message}`);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('help and version', () => {
  it.each(['generate', 'explain', 'search', 'schedule', 'inspect', 'bench'])(
    'help %s is what %s --help prints',
    async (command) => {
      const asked = await run(['help', command]);
      expect(asked).toMatchObject({ code: 0, stderr: '' });
      expect(asked.stdout).toMatch(new RegExp(`^Usage: procache ${command} `));
      expect(asked).toEqual(await run([command, '--help']));
      expect(Math.max(...asked.stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
    },
  );

  it('is there for commands of commands', async () => {
    expect((await run(['help', 'schedule', 'import'])).stdout).toMatch(/^Usage: procache schedule import /);
    expect(await run(['schedule', 'help', 'import'])).toEqual(await run(['schedule', 'import', '--help']));
  });

  it('lists every command, and its own', async () => {
    const { code, stdout } = await run(['help']);
    expect(code).toBe(0);
    for (const command of ['generate', 'explain', 'search', 'schedule', 'inspect', 'bench', 'help [command]'])
      expect(stdout).toContain(`\n  ${command} `);
    expect(stdout).toBe((await run(['--help'])).stdout);
    expect(stdout).toBe((await run(['-h'])).stdout);
  });

  it('of a command that there is not is wrong usage', async () => {
    expect(await run(['help', 'generat'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: "procache: unknown command 'generat'; did you mean generate?\n",
    });
    expect(await run(['generat', '--help'])).toMatchObject({ code: 2, stdout: '' });
    expect(await run(['schedule', 'exprt', '--help'])).toMatchObject({ code: 2, stdout: '' });
    expect((await run([])).code).toBe(2);
    expect((await run(['schedule'])).code).toBe(2);
    expect(await run(['explain', 'fora-3'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('too many arguments'),
    });
    expect(await run(['inspect'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("missing required argument 'path'"),
    });
  });

  it('tells the version by three names', async () => {
    const { stdout } = await run(['--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
    for (const flag of ['-v', '-V']) expect(await run([flag])).toEqual({ code: 0, stdout, stderr: '' });
  });

  it('fits terminals that do not know their width, and narrow ones', async () => {
    for (const columns of [0, NaN, -1, 1, 19]) {
      let stdout = '';
      let stderr = '';
      const terminal = (write: (text: string) => void) => ({ isTTY: true, columns, write });
      const host = {
        stdout: terminal((text) => (stdout += text)),
        stderr: terminal((text) => (stderr += text)),
        env: { NO_COLOR: '1' },
        signal: new AbortController().signal,
      };
      await runCommandLine(['generate', '--labels', 'nothing of the kind'], host);
      await runCommandLine(['generate', '--help'], host);
      for (const text of [stdout, stderr])
        expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeGreaterThan(15);
    }
  });
});
