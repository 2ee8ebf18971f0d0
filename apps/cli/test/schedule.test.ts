import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();

async function run(...words: string[]) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const code = await runCommandLine(words, { stdout: stream('stdout'), stderr: stream('stderr'), env: {}, signal: new AbortController().signal });
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
    expect(JSON.parse(stdout)).toMatchObject({ pattern: '#.....#.....#...#...', notes: { resampled: { from: 10, to: 20, tested: false } } });
    expect(stderr).toMatch(/^note: untested\. It was made for 10 steps, and nobody has measured it at 20/);
    expect(Math.max(...stderr.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(await run('schedule', 'resample', path, '--steps', '10')).toMatchObject({ code: 0, stderr: '' });
  });

  it('needs to know how many steps', async () => {
    expect(await run('schedule', 'resample', 'x.json')).toMatchObject({ code: 2, stderr: expect.stringContaining("required option '-n, --steps <n>' not specified") });
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
    expect(await run('schedule', 'export', 'fora-3', '--steps', '8', '--format', 'ecad', '--out', theirs)).toEqual({ code: 0, stdout: `${theirs}\n`, stderr: '' });
    expect(await run('schedule', 'import', theirs, '--format', 'ecad', '--out', ours)).toMatchObject({ code: 0, stdout: `${ours}\n` });
    expect(JSON.parse(await readFile(ours, 'utf8'))).toMatchObject({ pattern: '##..#..#', notes: { source: 'ECAD', name: 'fora-3' } });
  });

  it('fills the gaps of a mask as asked', async () => {
    const { stdout } = await run('schedule', 'import', await file('mask', '1101'), '--format', 'mask', '--forecast', '2', '--stack');
    expect(JSON.parse(stdout)).toMatchObject({ pattern: '##2#', legend: { '2': [{ do: 'reuse', order: 2, forecast: 'lagrange', span: [0, 11] }] } });
  });

  it('names what a format cannot say, or refuses', async () => {
    const forecast = await file('forecast.json', { version: 1, pattern: '##2#', legend: { '2': [{ do: 'reuse', order: 2 }] } });
    expect(await run('schedule', 'export', forecast, '--format', 'mask')).toEqual({
      code: 0,
      stdout: '1,1,0,1\n',
      stderr: 'note: the format cannot say all that this schedule does, only which steps do\n  what\n',
    });
    expect((await run('schedule', 'export', forecast, '--format', 'ecad')).stderr).toContain("schedule.pattern[2] ('2'), branch 0.attn: forecasts features, which this format cannot say");
  });

  it.each([
    [['import', 'none.txt', '--format', 'mask'], 'none.txt: there is no such file; give the file of the other tool'],
    [['import', 'package.json', '--format', 'list'], '--direction: lists of 0, 1 and 2 are written both ways round'],
    [['export', 'fora-3', '--format', 'list'], '--direction: lists of 0, 1 and 2 are written both ways round'],
    [['import', 'package.json', '--format', 'bins'], 'package.json: has no lists `compute_bins` and `cache_bins`'],
    [['import', 'vitest.config.ts', '--format', 'ecad'], 'vitest.config.ts: is not JSON, which this format is'],
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
    expect(JSON.parse(resampled.stdout)).toMatchObject({ schedule: { version: 1, pattern: '#.....#.....#...#...' }, notes: [expect.stringContaining('untested')] });

    const imported = await run('schedule', 'import', await file('mask', '1101'), '--format', 'mask', '--json', '--out', inFolder('kept.json'));
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(imported.stdout)).toMatchObject({ schedule: { pattern: '##.#' }, file: inFolder('kept.json'), notes: [] });
    expect(JSON.parse(await readFile(inFolder('kept.json'), 'utf8'))).toMatchObject({ pattern: '##.#' });

    const exported = await run('schedule', 'export', 'taylorseer-3-2', '--steps', '8', '--format', 'mask', '--json');
    expect(exported).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(exported.stdout)).toEqual({ format: 'mask', text: '1,1,0,0,1,0,0,1\n', notes: [expect.stringContaining('only which steps do what')] });
  });
});
