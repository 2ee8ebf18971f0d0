import { type ChildProcess, spawn } from 'node:child_process';
import { appendFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { uniforms } from '@procache/core';
import { writeSafetensors } from '@procache/model';
import { describe, expect, it } from 'vitest';
import { randomDit } from './random-dit.ts';
import { procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** A search that takes seconds: few steps, few images. */
const small = [
  'search',
  '--steps',
  '8',
  '--budget',
  '3',
  '--seeds',
  '3',
  '--final-seeds',
  '3',
  '--judge',
  '3',
  '--candidates',
  '6',
  '--iterations',
  '6',
];

interface StudyLine {
  readonly schedule?: { readonly pattern: string; readonly legend: object };
  readonly seeds?: readonly number[];
  readonly scores?: Readonly<Record<string, readonly number[]>>;
  readonly kept?: string;
}

/** The whole lines of a study; what was torn by a kill is none. */
async function linesOf(folder: string): Promise<readonly StudyLine[]> {
  const text = await readFile(join(folder, 'study.jsonl'), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line): StudyLine[] => {
    try {
      return line === '' ? [] : [JSON.parse(line) as StudyLine];
    } catch {
      return [];
    }
  });
}

/** What was evaluated, each with its score: a schedule and a seed. */
async function evaluationsOf(folder: string): Promise<readonly string[]> {
  const lines = await linesOf(folder);
  return lines
    .flatMap(({ schedule, seeds, scores }) =>
      schedule ? seeds!.map((seed, i) => `${JSON.stringify(schedule)} ${seed} ${scores!['latent-error']![i]!}`) : [],
    )
    .sort();
}

async function keptIn(folder: string): Promise<readonly string[]> {
  return (await linesOf(folder)).flatMap(({ kept }) => kept ?? []).sort();
}

// Drawn anew each time; the name of a test that fails has the seed, and SEED=<seed> draws the same moments again.
const drawn = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** When a search is killed: after so many lines of its study more, and so many milliseconds. */
interface Moment {
  readonly lines: number;
  readonly delay: number;
}

/** Kills a search at that moment; resolves to the signal it ended by. */
async function killed(
  words: readonly string[],
  folder: string,
  { lines, delay }: Moment,
): Promise<NodeJS.Signals | null> {
  const before = (await linesOf(folder)).length;
  const child = spawn(process.execPath, [main, ...words], { stdio: 'ignore' });
  const ended = signalOf(child);
  while (child.exitCode === null && (await linesOf(folder)).length < before + lines) await pause(5);
  await pause(delay);
  child.kill('SIGKILL');
  return ended;
}

function signalOf(child: ChildProcess): Promise<NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_, signal) => resolve(signal));
  });
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('procache search', () => {
  const whole = inFolder.bind(undefined, 'whole');

  /** A folder with the first lines of the whole study in it: such a share of its characters. */
  async function begun(name: string, share: number): Promise<string> {
    const text = await readFile(whole('study.jsonl'), 'utf8');
    await mkdir(inFolder(name));
    await writeFile(inFolder(name, 'study.jsonl'), text.slice(0, text.lastIndexOf('\n', share * text.length) + 1));
    return inFolder(name);
  }

  it('finds a schedule, and writes it, the Pareto set, the result and a report that needs nothing else', async () => {
    const { code, stdout, stderr } = await procache([...small, '--out', whole()]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('fashion-dit: 8 steps of ddim, guidance 1.5\n');
    expect(stdout).toMatch(/\n3 computed {2}#[#1-4~a-c]{7}\n/);
    expect(stdout).toMatch(/\nfound, 3 computed +3 +\S+ +\S+\.\.\S+ +[\d.]+ +[\d.]+ +[\d.]+x\n/);
    const ownLines = stdout.split('\n').filter((line) => !line.includes(whole()));
    expect(Math.max(...ownLines.map(({ length }) => length))).toBeLessThanOrEqual(80);

    const schedule = JSON.parse(await readFile(whole('found-3.json'), 'utf8')) as { pattern: string; notes: object };
    expect(schedule.pattern.split('#')).toHaveLength(4);
    expect(schedule.notes).toMatchObject({
      model: 'fashion-dit',
      searched: { sampler: 'ddim', steps: 8, guidance: 1.5 },
      constraints: { budget: 3 },
      scores: { 'latent-error': expect.any(Number) },
      judged: { seeds: { first: 200000, last: 200002 } },
    });
    const pareto = JSON.parse(await readFile(whole('pareto.json'), 'utf8')) as readonly { readonly computed: number }[];
    expect(pareto.length).toBeGreaterThan(0);
    const result = JSON.parse(await readFile(whole('search.json'), 'utf8')) as { judged: readonly { name: string }[] };
    expect(result.judged.map(({ name }) => name)).toEqual([
      'found, 3 computed',
      'fora-3',
      'taylorseer-3-2',
      '3 plain steps',
    ]);

    const report = await readFile(whole('report.html'), 'utf8');
    expect(report).not.toMatch(/<script|<link|src="(?!data:)|url\(|https?:/);
    expect(report.match(/<img /g)).toHaveLength(3 * (1 + 2 * 2)); // uncached, and two schedules with their differences
    expect(report).toContain('prefers-color-scheme: dark');
  });

  it('says when a schedule is run outside of what it was searched for', async () => {
    const words = ['generate', '--schedule', whole('found-3.json'), '--labels', '1', '--out', inFolder('pictures')];
    expect(await procache(words)).toMatchObject({ code: 0, stderr: '' });
    const { stderr } = await procache([...words, '--guidance', '3']);
    expect(stderr).toBe(
      'warning: the schedule was searched for with guidance 1.5, and is used with\n  guidance 3: its scores do ' +
        'not hold here\n',
    );
  });

  it('refuses to begin where a study is, or to go on with one of another search', async () => {
    expect(await procache([...small, '--out', whole()])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('there is a study already; --resume goes on with it'),
    });
    const other = await procache([...small, '--guidance', '3', '--out', whole(), '--resume']);
    expect(other).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('the study was made with guidance 1.5, and this search has 3'),
    });
  });

  it(`that was killed ten times ends with the same result, and evaluates nothing twice (seed ${drawn})`, async () => {
    const broken = inFolder('broken');
    const words = [...small, '--out', broken, '--resume'];
    const total = (await linesOf(whole())).length;
    const random = uniforms(drawn);
    for (let kill = 0; kill < 10; kill++) {
      // so that the last kill comes before the end
      const moment = { lines: Math.floor(random() * (total / 12)), delay: 150 * random() };
      expect(await killed(words, broken, moment), JSON.stringify(moment)).toBe('SIGKILL');
    }
    expect((await linesOf(broken)).length).toBeLessThan(total);
    const { code, stdout } = await procache(words);
    expect(code).toBe(0);
    expect(stdout).toMatch(/going on with \S+: \d+ schedules are known/);
    const evaluations = await evaluationsOf(broken);
    expect(new Set(evaluations.map((text) => text.split(' ').slice(0, -1).join(' '))).size).toBe(evaluations.length);
    expect(evaluations).toEqual(await evaluationsOf(whole()));
    const kept = await keptIn(broken);
    expect(new Set(kept).size).toBe(kept.length);
    expect(kept).toEqual(await keptIn(whole()));
    for (const file of ['found-3.json', 'pareto.json']) {
      expect(await readFile(join(broken, file), 'utf8')).toBe(await readFile(whole(file), 'utf8'));
    }
  });

  it('is the only one that writes to its folder, and leaves it to others when it is killed', async () => {
    const out = await begun('contested', 0.5);
    const before = (await linesOf(out)).length;
    const child = spawn(process.execPath, [main, ...small, '--out', out, '--resume'], { stdio: 'ignore' });
    const ended = signalOf(child);
    while ((await linesOf(out)).length <= before) await pause(5);
    const second = await procache([...small, '--out', out, '--resume']);
    expect(second).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(
        `another search is writing to the study there (process ${child.pid}); wait for it or end it`,
      ),
    });
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect(await procache([...small, '--out', out, '--resume', '--no-report'])).toMatchObject({ code: 0, stderr: '' });
    expect((await linesOf(out)).filter((line) => 'study' in line)).toHaveLength(1);
    expect(await evaluationsOf(out)).toEqual(await evaluationsOf(whole()));
    expect(await readdir(out)).not.toContain('study.lock');
  });

  it.skipIf(process.platform === 'win32')(
    'says so when there is no room for its study, keeps what is there, and goes on from it',
    async () => {
      const out = await begun('full', 0.4);
      const before = (await linesOf(out)).length;
      const words = [...small, '--out', out, '--resume', '--no-report'];
      const limited = (script: string) =>
        new Promise<{ code: number | null; stderr: string }>((resolve) => {
          const child = spawn('bash', ['-c', script, 'bash', process.execPath, main, ...words]);
          let stderr = '';
          child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
          child.on('close', (code) => resolve({ code, stderr }));
        });
      const { code, stderr } = await limited('ulimit -f 40; exec "$@"'); // no file beyond 40 KiB
      expect(code).toBe(1);
      expect(stderr).toContain(
        `procache: ${join(out, 'study.jsonl')}: cannot be written: the file would be larger than files may be there`,
      );
      expect(stderr).toContain('what is in it is kept, and --resume goes on from there');
      expect(stderr).not.toContain('a defect');
      expect((await linesOf(out)).length).toBeGreaterThan(before);
      expect(await procache(words)).toMatchObject({ code: 0, stderr: '' });
      expect(await evaluationsOf(out)).toEqual(await evaluationsOf(whole()));
    },
  );

  it('writes and prints what it found before its report, and only warns where that fails', async () => {
    const out = await begun('reportless', 1);
    await mkdir(join(out, 'report.html'));
    const { code, stdout, stderr } = await procache([...small, '--out', out, '--resume']);
    expect(code).toBe(0);
    expect(stdout).toContain('\n3 computed  #');
    expect(stdout).not.toContain('report.html');
    expect(stderr).toMatch(
      /^warning: the report was not written: \S+report\.html: is a folder, and is not written over/,
    );
    expect(stderr).toContain(`make it again with: procache ${small.join(' ')} --out ${out} --resume`);
    expect(await readFile(join(out, 'found-3.json'), 'utf8')).toBe(await readFile(whole('found-3.json'), 'utf8'));
    expect(JSON.parse(await readFile(join(out, 'search.json'), 'utf8'))).toMatchObject({ judged: [{}, {}, {}, {}] });
  });

  it.each([
    ['{"study":1}', 'a second header says model nothing, and the first "'],
    ['{"kept":"uncached 0","value":"AAAA"}', undefined],
    ['null', 'null is not an object'],
    [
      '{"schedule":{"version":1,"pattern":"#","legend":{}},"seeds":[0],"scores":{"latent-error":{}}}',
      "the score 'latent-error' is neither one number nor one for each of the 1 seeds",
    ],
    ['{"kept":"recording 0,1,2","value":{}}', undefined],
    ['{"schedule":'.repeat(3000), undefined],
  ])('refuses a study with a line that is not its own, or goes on without it: %#', async (line, message) => {
    await rm(inFolder('foreign'), { recursive: true, force: true });
    const out = await begun('foreign', 1);
    const count = (await linesOf(out)).length;
    await appendFile(join(out, 'study.jsonl'), `${line}\n`);
    const { code, stderr, stdout } = await procache([...small, '--out', out, '--resume', '--no-report']);
    if (message === undefined) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(await readFile(join(out, 'found-3.json'), 'utf8')).toBe(await readFile(whole('found-3.json'), 'utf8'));
    } else {
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(`study.jsonl: line ${count + 1} of the study: ${message}`);
    }
  });

  it('does not go on with another file of data of the same name', async () => {
    const data = inFolder('data.safetensors');
    const words = [
      'search',
      '--steps',
      '4',
      '--budget',
      '2',
      '--seeds',
      '2',
      '--final-seeds',
      '0',
      '--judge',
      '0',
      '--no-report',
      '--strategy',
      'sample',
      '--candidates',
      '2',
      '--objective',
      'kernel',
      '--data',
      data,
      '--out',
      inFolder('measured'),
    ];
    const write = (value: number) =>
      writeFile(
        data,
        writeSafetensors(
          new Map([
            ['features', { shape: [3, 64], data: Float32Array.from({ length: 192 }, (_, i) => value * Math.sin(i)) }],
          ]),
        ),
      );
    await write(1);
    expect(await procache(words)).toMatchObject({ code: 0, stderr: '' });
    await write(2);
    expect(await procache([...words, '--resume'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('the study was made with constraints.data.reference.fingerprint "'),
    });
  });

  it('keeps what it has when it is interrupted, and says how to go on', async () => {
    const out = inFolder('interrupted');
    const child = spawn(process.execPath, [main, ...small, '--out', out]);
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    const code = new Promise((resolve) => child.on('close', resolve));
    const assessed = async () =>
      (await linesOf(out)).filter(({ seeds }) => seeds?.length === 2 || seeds?.length === 3 || seeds?.length === 1)
        .length;
    while (child.exitCode === null && (await assessed()) < 9) await pause(5);
    child.kill('SIGINT');
    expect(await code).toBe(130);
    expect(stderr).toMatch(/^procache: interrupted after \d+ schedules, all of which are in \S+study\.jsonl/);
    expect(stderr).toContain(`go on with: procache ${small.join(' ')} --out ${out} --resume`);
    expect((await stat(join(out, 'study.jsonl'))).size).toBeGreaterThan(0);
  });
});

describe('a search of a random tiny model', () => {
  it.each([drawn, drawn + 1])('goes the same way wherever it was killed (seed %d)', async (seed) => {
    const model = await randomDit(inFolder(`model-${seed}`), seed);
    const [whole, broken] = [inFolder(`whole-${seed}`), inFolder(`broken-${seed}`)];
    const words = [
      'search',
      '--model',
      model,
      '--steps',
      '7',
      '--budget',
      '3',
      '--seeds',
      '3',
      '--final-seeds',
      '2',
      '--judge',
      '2',
      '--iterations',
      '4',
      '--no-report',
      '--workers',
      '1',
      '--resume',
      '--out',
    ];
    expect(await procache([...words, whole])).toMatchObject({ code: 0, stderr: '' });
    const text = await readFile(join(whole, 'study.jsonl'), 'utf8');
    expect(text).not.toMatch(/"kept":"recording[^\n]*null/);
    const total = (await linesOf(whole)).length;
    const random = uniforms(seed);
    for (let kill = 0; kill < 2; kill++)
      await killed([...words, broken], broken, {
        lines: 1 + Math.floor(random() * (total / 4)),
        delay: 150 * random(),
      });
    expect(await procache([...words, broken])).toMatchObject({ code: 0 });
    expect(await evaluationsOf(broken)).toEqual(await evaluationsOf(whole));
    const recordings = async (folder: string) =>
      (await linesOf(folder)).filter(({ kept }) => kept?.startsWith('recording'));
    expect(await recordings(broken)).toEqual(await recordings(whole));
    for (const file of ['found-3.json', 'pareto.json'])
      expect(await readFile(join(broken, file), 'utf8')).toBe(await readFile(join(whole, file), 'utf8'));
  });
});
