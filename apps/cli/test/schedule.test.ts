import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { FIXTURES, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();

async function run(...words: string[]) {
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

async function file(name: string, content: unknown): Promise<string> {
  await writeFile(inFolder(name), typeof content === 'string' ? content : JSON.stringify(content));
  return inFolder(name);
}

describe('procache schedule resample', () => {
  it('says that the result is untested, in the notes too', async () => {
    const path = await file('ten.json', { version: 1, pattern: '#..#..#.#.', legend: {} });
    const { code, stdout, stderr } = await run('schedule', 'resample', path, '--steps', '20');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      pattern: '#.....#.....#...#...',
      notes: { resampled: { from: 10, to: 20, tested: false } },
    });
    expect(stderr).toMatch(/^note: untested\. It was made for 10 steps, and nobody has measured it at 20/);
    expect(stderr).toMatch(
      /\nnote: 4 of 10 computed, now 4 of 20: 40 % of the steps, now 20 %; --keep share\n {2}keeps the share\n$/,
    );
    expect(Math.max(...stderr.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(await run('schedule', 'resample', path, '--steps', '10')).toMatchObject({ code: 0, stderr: '' });
  });

  it('keeps the share of the computed steps where it is asked to', async () => {
    const path = await file('ten.json', { version: 1, pattern: '#..#..#.#.', legend: {} });
    const { stdout, stderr } = await run('schedule', 'resample', path, '--steps', '20', '--keep', 'share');
    expect(JSON.parse(stdout)).toMatchObject({ notes: { resampled: { from: 10, to: 20, keep: 'share' } } });
    expect((JSON.parse(stdout) as { pattern: string }).pattern.split('#')).toHaveLength(9);
    expect(stderr).toContain('note: 4 of 10 computed, now 8 of 20: 40 % of the steps, now 40 %; --keep count');
    const json = await run('schedule', 'resample', path, '--steps', '5', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ schedule: { pattern: '#.###' }, computed: { before: 4, now: 4 } });
  });

  it.each([
    ['searched-17', 50],
    ['procache-published', 50],
    ['fora-3', 50],
  ])('takes what ships with the model, and methods: %s', async (name, from) => {
    const { code, stdout } = await run('schedule', 'resample', name, '--steps', '20');
    expect(code).toBe(0);
    const { pattern, notes } = JSON.parse(stdout) as { pattern: string; notes: object };
    expect(pattern).toHaveLength(20);
    expect(notes).toMatchObject({ resampled: { from, to: 20 } });
  });

  it.each([
    ['searched-18', 2, "there is no schedule 'searched-18'; with fashion-dit ship searched-"],
    ['./none.json', 2, './none.json: there is no such file'],
    ['.', 2, '.: is a folder'],
  ])('says of %s what there is', async (name, expected, message) => {
    const { code, stderr } = await run('schedule', 'resample', name, '--steps', '20');
    expect(code).toBe(expected);
    expect(stderr).toContain(`procache: ${message}`);
  });

  it('needs to know how many steps', async () => {
    expect(await run('schedule', 'resample', 'x.json')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("required option '-n, --steps <n>' not specified"),
    });
  });
});

describe('procache schedule import and export', () => {
  const formats = [
    ['mask', [], '1,1,0,0,1,0,0,1\n'],
    ['bins', [], '{"compute_bins":[2,1,1],"cache_bins":[2,2]}\n'],
    ['smoothcache', [], '{"attn":[1,1,0,0,1,0,0,1],"mlp":[1,1,0,0,1,0,0,1]}\n'],
    ['list', ['--direction', 'noisiest-first'], '[1,1,0,0,1,0,0,1]\n'],
    ['list', ['--direction', 'cleanest-first'], '[1,0,0,1,0,0,1,1]\n'],
  ] as const;

  it.each(formats)('writes and reads %s %j', async (format, options, expected) => {
    const exported = await run('schedule', 'export', 'fora-3', '--steps', '8', '--format', format, ...options);
    expect(exported).toEqual({ code: 0, stdout: expected, stderr: '' });
    const back = await run('schedule', 'import', await file('theirs', expected), '--format', format, ...options);
    expect(back.code).toBe(0);
    expect(JSON.parse(back.stdout)).toMatchObject({ pattern: '##..#..#' });
  });

  it('writes and reads ECAD, to files', async () => {
    const [theirs, ours] = [inFolder('ecad.json'), inFolder('ours.json')];
    expect(await run('schedule', 'export', 'fora-3', '--steps', '8', '--format', 'ecad', '--out', theirs)).toEqual({
      code: 0,
      stdout: `${theirs}\n`,
      stderr: '',
    });
    expect(await run('schedule', 'import', theirs, '--format', 'ecad', '--out', ours)).toMatchObject({
      code: 0,
      stdout: `${ours}\n`,
    });
    expect(JSON.parse(await readFile(ours, 'utf8'))).toMatchObject({
      pattern: '##..#..#',
      notes: { source: 'ECAD', name: 'fora-3' },
    });
  });

  it('fills the gaps of a mask as asked', async () => {
    const { stdout } = await run(
      'schedule',
      'import',
      await file('mask', '1101'),
      '--format',
      'mask',
      '--forecast',
      '2',
      '--stack',
    );
    expect(JSON.parse(stdout)).toMatchObject({
      pattern: '##2#',
      legend: { '2': [{ do: 'reuse', order: 2, forecast: 'lagrange', span: [0, 11] }] },
    });
  });

  it("takes cache-dit's settings in YAML, and says what it leaves out", async () => {
    const yaml = await file(
      'cache.yaml',
      [
        'cache_config:',
        '  max_warmup_steps: 8 # as they come',
        '  num_inference_steps: 28',
        '  steps_computation_mask: fast',
        '  residual_diff_threshold: 0.12',
        'parallelism_config:',
        '  ulysses_size: auto',
        '',
      ].join('\n'),
    );
    const { code, stdout, stderr } = await run('schedule', 'import', yaml, '--format', 'bins');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      pattern: '######.#...#....#.....#....#',
      notes: { source: 'cache-dit' },
    });
    expect(stderr.replaceAll('\n  ', ' ')).toBe(
      'note: only which steps are computed is taken from the file, not max_warmup_steps, ' +
        'residual_diff_threshold; --forecast, --rule and --stack say how the other steps are filled in\n',
    );
    const bins = await file('bins.yaml', 'compute_bins: [4, 2, 1]\ncache_bins:\n  - 1\n');
    expect(
      JSON.parse((await run('schedule', 'import', bins, '--format', 'bins', '--forecast', '1')).stdout),
    ).toMatchObject({ pattern: '####1###' });
  });

  it("gives every block its list where SmoothCache's file has one, as ECAD's file says it", async () => {
    const theirs = (name: string) => join(FIXTURES, 'cases/12-smoothcache-per-block', name);
    const imported = await run(
      'schedule',
      'import',
      theirs('per-block.json'),
      '--format',
      'smoothcache',
      '--out',
      inFolder('blocks.json'),
    );
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    const asEcad = async (path: string) =>
      JSON.parse((await run('schedule', 'export', path, '--format', 'ecad')).stdout) as {
        cache_schedule: { schedule: unknown };
      };
    const { cache_schedule: expected } = JSON.parse(await readFile(theirs('ecad.json'), 'utf8')) as {
      cache_schedule: { schedule: unknown };
    };
    expect((await asEcad(inFolder('blocks.json'))).cache_schedule.schedule).toEqual(expected.schedule);
    const back = await run('schedule', 'export', inFolder('blocks.json'), '--format', 'smoothcache');
    expect(JSON.parse(back.stdout)).toEqual(JSON.parse(await readFile(theirs('per-block.json'), 'utf8')));
  });

  const nested = 5_000;
  it.each([
    [
      'bins',
      '{"compute_bins":[1,4294967296,0],"cache_bins":[1,2]}',
      'compute_bins[2]: 0 is not an integer of at least 1',
    ],
    [
      'bins',
      '{"compute_bins":[1,4294967296],"cache_bins":[1,2]}',
      'compute_bins with cache_bins: has 4294967300 entries; the most steps',
    ],
    [
      'bins',
      `a: ${'['.repeat(nested)}`,
      'this is neither JSON nor YAML: lists and maps stand too deep inside one another',
    ],
    ['bins', '- '.repeat(nested), 'this is neither JSON nor YAML: lists and maps stand too deep inside one another'],
    ['bins', 'a: [1\nb: 2', 'line 2, column 1: this is neither JSON nor YAML:'],
    [
      'bins',
      'compute_bins: [1]\ncompute_bins: [2]\ncache_bins: [1]',
      'line 2, column 1: this is neither JSON nor YAML: Map keys must be unique',
    ],
    [
      'bins',
      `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from(
        { length: 30 },
        (_, i) => `a${i + 1}: &a${i + 1} ` + `[${Array(9).fill(`*a${i}`).join(',')}]`,
      ).join('\n')}`,
      'its aliases make too much of a little',
    ],
    ['bins', 'x'.repeat(40_000), 'has 40000 characters, and the longest settings in YAML that are read have 32768'],
    ['bins', 'just words', 'settings: "just words" is not an object'],
    ['ecad', '['.repeat(100_000), 'more than 200 arrays and objects inside one another'],
    [
      'smoothcache',
      `{"attn":${'['.repeat(nested)}${']'.repeat(nested)}}`,
      'more than 200 arrays and objects inside one another',
    ],
    ['smoothcache', '{"attn":[1],"attn":[1]}', 'the key "attn" is given twice'],
    ['smoothcache', '{"attn":[1,0],"attn1":[1,1]}', 'smoothcache.attn1: says something else of "attn"'],
    ['mask', '1'.repeat(30_000), 'mask: has 30000 entries; the most steps that a schedule may have are 4096'],
    ['mask', '1,,1', 'mask[1]: "" is neither'],
    [
      'ecad',
      '{"cache_schedule":{"num_inference_steps":1e9,"num_blocks":12}}',
      'num_inference_steps: 1000000000 is not an integer between 1 and 4096',
    ],
  ])('refuses a hostile file within two seconds, with its name and the place: %s %#', async (format, text, message) => {
    const path = await file('hostile', text);
    const started = performance.now();
    const { code, stdout, stderr } = await run('schedule', 'import', path, '--format', format);
    expect(performance.now() - started).toBeLessThan(2000);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^procache: hostile[:,] /);
    expect(stderr).toContain(message);
    expect(stderr.length).toBeLessThan(400);
  });

  it('names what a format cannot say, or refuses', async () => {
    const forecast = await file('forecast.json', {
      version: 1,
      pattern: '##2#',
      legend: { '2': [{ do: 'reuse', order: 2 }] },
    });
    expect(await run('schedule', 'export', forecast, '--format', 'mask')).toEqual({
      code: 0,
      stdout: '1,1,0,1\n',
      stderr: 'note: the format cannot say all that this schedule does, only which steps do\n  what\n',
    });
    expect((await run('schedule', 'export', forecast, '--format', 'ecad')).stderr).toContain(
      "schedule.pattern[2] ('2'), branch 0.attn: forecasts features, which this format cannot say",
    );
  });

  it.each([
    [['import', 'none.txt', '--format', 'mask'], 'none.txt: there is no such file; give the file of the other tool'],
    [['import', 'package.json', '--format', 'list'], '--direction: lists of 0, 1 and 2 are written both ways round'],
    [['export', 'fora-3', '--format', 'list'], '--direction: lists of 0, 1 and 2 are written both ways round'],
    [
      ['import', 'package.json', '--format', 'bins'],
      'package.json: settings: has no lists `compute_bins` and `cache_bins`',
    ],
    [
      ['import', 'vitest.config.ts', '--format', 'ecad'],
      'vitest.config.ts, line 1, column 1: this is not JSON: "i" where a value should be; the format is JSON; ' +
        'name the right one with --format',
    ],
    [['import', 'package.json'], "required option '-f, --format <format>' not specified"],
    [['resampl'], "unknown command 'resampl'; did you mean resample?"],
  ])('refuses %j', async (words, message) => {
    const { code, stdout, stderr } = await run('schedule', ...words);
    expect({ failed: code > 0, stdout }).toEqual({ failed: true, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('procache schedule with --json', () => {
  it('prints one object, with the notes in it', async () => {
    const path = await file('ten.json', { version: 1, pattern: '#..#..#.#.', legend: {} });
    const resampled = await run('schedule', 'resample', path, '--steps', '20', '--json');
    expect(resampled).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(resampled.stdout)).toMatchObject({
      schedule: { version: 1, pattern: '#.....#.....#...#...' },
      notes: [expect.stringContaining('untested'), expect.stringContaining('4 of 10 computed, now 4 of 20')],
    });

    const imported = await run(
      'schedule',
      'import',
      await file('mask', '1101'),
      '--format',
      'mask',
      '--json',
      '--out',
      inFolder('kept.json'),
    );
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(imported.stdout)).toMatchObject({
      schedule: { pattern: '##.#' },
      file: inFolder('kept.json'),
      notes: [],
    });
    expect(JSON.parse(await readFile(inFolder('kept.json'), 'utf8'))).toMatchObject({ pattern: '##.#' });

    const exported = await run('schedule', 'export', 'taylorseer-3-2', '--steps', '8', '--format', 'mask', '--json');
    expect(exported).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(exported.stdout)).toEqual({
      format: 'mask',
      text: '1,1,0,0,1,0,0,1\n',
      notes: [expect.stringContaining('only which steps do what')],
    });
  });
});
