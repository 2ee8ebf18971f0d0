import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '@procache/model';
import { encodePng } from '@procache/pictures';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { FIXTURES, procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();

/** Erases the screen, says that all is well, sets the title, rings, turns writing round, and the same with C1 signs. */
const HOSTILE = '\u001b[2J\u001b[H\rOK\u0007\u001b]0;t\u0007\u009b31m\u202e\u0090q\u009c\u2066';
// eslint-disable-next-line no-control-regex -- what a terminal obeys, but for the line break and the tab
const OBEYED = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

async function run(...words: string[]) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    isTTY: true,
    columns: 80,
    write: (text: string) => (written[name] += text),
  });
  const env = { NO_COLOR: '1' };
  const code = await runCommandLine(words, {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    env,
    signal: new AbortController().signal,
  });
  return { code, ...written };
}

async function harmless(...words: string[]) {
  const ended = await run(...words);
  expect(ended.stdout).not.toMatch(OBEYED);
  expect(ended.stderr).not.toMatch(OBEYED);
  expect(ended.stderr).not.toContain('a defect');
  return ended;
}

async function checkpoint(
  name: string,
  tensor: string,
  metadata: Readonly<Record<string, string>> = {},
): Promise<string> {
  await mkdir(inFolder(), { recursive: true });
  await writeFile(
    inFolder(name),
    writeSafetensors(new Map([[tensor, { shape: [1], data: Float32Array.of(1) }]]), new Map(Object.entries(metadata))),
  );
  return inFolder(name);
}

describe('names out of files, on a terminal', () => {
  it('of tensors and metadata are shown and do nothing', async () => {
    const path = await checkpoint('tensors.safetensors', `a${HOSTILE}`, { [`k${HOSTILE}`]: `v${HOSTILE}` });
    const { code, stdout } = await harmless('inspect', path, '--tensors');
    expect(code).toBe(0);
    expect(stdout).toContain('\\u{1b}[2J');
    expect((await harmless('generate', '--model', path)).code).toBe(1);
    expect((await harmless('search', '--model', path)).code).toBe(1);
    expect((await harmless('explain', '--model', path, '--debug')).code).toBe(1);
  });

  it('stay the same in JSON', async () => {
    const path = await checkpoint('tensors.safetensors', `a${HOSTILE}`, { k: HOSTILE });
    const { stdout } = await harmless('inspect', path, '--tensors', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ metadata: { k: HOSTILE }, tensorList: [{ name: `a${HOSTILE}` }] });
  });

  it('of files, in what is found and in what is not', async () => {
    const name = `x${HOSTILE.replaceAll('/', '')}`;
    const path = await checkpoint(`${name}.safetensors`, 'a');
    for (const words of [
      ['inspect', path],
      ['generate', '--model', path],
      ['inspect', inFolder(`no${name}`)],
      ['generate', '--model', `no${name}`],
    ])
      await harmless(...words);
    await harmless('explain', '--schedule', `./no${name}.json`);
    await harmless('explain', '--schedule', name);
    await harmless('generate', '--config', `no${name}`);
    await harmless('generate', '--noise', `no${name}`);
    await harmless('search', '--objective', 'kernel', '--data', `no${name}`);
    await harmless('schedule', 'import', `no${name}`, '--format', 'mask');
    await harmless(name);
    await harmless('generate', `--${name}`);
    await harmless('generate', '--steps', name);
    await harmless('generate', '--labels', name);
  });

  it('of letters, rules and notes of a schedule', async () => {
    const notes = { by: HOSTILE };
    const files = {
      notes: { version: 1, pattern: '#.', legend: {}, notes },
      letter: { version: 1, pattern: '#\u009b', legend: { '\u009b': [{ do: 'reuse' }] }, notes },
      unknown: { version: 1, pattern: `#${HOSTILE}`, legend: {} },
      key: { version: 1, pattern: '#', legend: {}, [HOSTILE]: 1 },
      rule: { version: 1, pattern: '#.', legend: { '.': [{ do: HOSTILE }] } },
    };
    for (const [name, schedule] of Object.entries(files)) {
      const path = inFolder(`${name}.json`);
      await writeFile(path, JSON.stringify(schedule));
      for (const words of [
        ['inspect', path],
        ['inspect', path, '--json'],
        ['explain', '--schedule', path],
        ['schedule', 'resample', path, '--steps', '4'],
        ['schedule', 'export', path, '--format', 'ecad'],
      ]) {
        await harmless(...words);
      }
    }
    const { stdout } = await harmless('schedule', 'resample', inFolder('notes.json'), '--steps', '2');
    expect(JSON.parse(stdout)).toMatchObject({ notes });
  });

  it('of the text in a picture', async () => {
    const picture = { width: 1, height: 1, channels: 1 as const, data: Uint8Array.of(7) };
    await writeFile(
      inFolder('told.png'),
      encodePng(picture, { procache: JSON.stringify({ name: HOSTILE }), parameters: HOSTILE }),
    );
    await writeFile(inFolder('other.png'), encodePng(picture, { Software: HOSTILE }));
    await writeFile(inFolder('broken.png'), encodePng(picture, { procache: `{${HOSTILE}` }));
    for (const name of ['told', 'other', 'broken']) await harmless('inspect', inFolder(`${name}.png`));
    expect(JSON.parse((await harmless('inspect', inFolder('told.png'), '--json')).stdout)).toMatchObject({
      name: HOSTILE,
    });
  });

  it('of classes, in messages and while images are drawn', async () => {
    const config = inFolder('config.json');
    await writeFile(
      config,
      JSON.stringify({ num_heads: 4, classes: Array.from({ length: 10 }, (_, i) => `c${i}${HOSTILE}`) }),
    );
    const model = ['--model', join(FIXTURES, 'dit/model.safetensors'), '--config', config];
    await harmless('inspect', model[1]!, ...model.slice(2));
    await harmless('generate', ...model, '--labels', 'none');
    const ended = await procache(['generate', ...model, '--labels', '1', '--steps', '1', '--out', inFolder('out')]);
    expect(ended.stderr + ended.stdout).not.toMatch(OBEYED);
  });
});

describe('a message', () => {
  it.each([
    ['of the command line', ['generate', `--${'x'.repeat(100_000)}`]],
    ['about the value of an option', ['generate', '--steps', 'x'.repeat(100_000)]],
    ['about a label', ['generate', '--labels', 'x'.repeat(100_000)]],
    ['about a path', ['inspect', 'x'.repeat(100_000)]],
    ['about a schedule', ['explain', '--schedule', 'x'.repeat(100_000)]],
  ])('%s is no longer than can be read, and ends with what to do', async (_, words) => {
    const { code, stderr } = await run(...words);
    expect(code).toBe(2);
    expect(stderr.length).toBeLessThan(1000);
  });

  it('is as short in JSON, and the stack with --debug is bounded too', async () => {
    const { stdout, stderr } = await run('generate', '--steps', 'x'.repeat(1_000_000), '--json', '--debug');
    expect(stdout.length).toBeLessThan(1000);
    expect(stderr.length).toBeLessThan(25_000);
    const { error } = JSON.parse(stdout) as { readonly error: { readonly message: string } };
    expect(error.message).toMatch(
      new RegExp(
        String.raw`^option '-n, --steps <n>' argument 'xxx.* \[\d+ more signs\] x*' is invalid\. ` +
          'It is a whole number, 1 or more, at most 4096$',
      ),
    );
  });
});
