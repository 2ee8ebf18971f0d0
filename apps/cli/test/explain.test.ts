import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();

describe('procache explain', () => {
  it('shows the plan and its cost before anything is run', async () => {
    const schedule = {
      version: 1,
      pattern: '##.+.',
      legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.3, blocks: [10, 11], modules: ['mlp'] }] },
      selector: { score: 'random' },
    };
    await writeFile(inFolder('mine.json'), JSON.stringify(schedule));
    const { code, stdout, stderr } = await procache(['explain', '--schedule', inFolder('mine.json'), '--images', '4']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      `
mine on fashion-dit: 5 steps of 12 blocks, 8x8 tokens
for 4 images, and as many again for guidance

      0 #  run 0-11
      1 #  run 0-11 keep 24
      2 .  fold 0.attn..11.mlp (24)
      3 +  fold 0.attn..10.attn (21)  refresh 10.mlp 19
           fold 10.mlp..11.attn (2)  refresh 11.mlp 19  fold 11.mlp
      4 .  fold 0.attn..11.mlp (24)

run a-b: compute blocks a-b; keep n: store n features
refresh b.m n: compute n tokens; fold x..y (n): add n stored features

letter  step       steps  multiply-adds each  share
------  ---------  -----  ------------------  -----
#       computed       2              2.89 G   97 %
.       reused         2              25.0 M    1 %
+       selective      1               115 M    2 %

multiply-adds    5.95 G of 14.5 G uncached, 2.43x fewer; this is
                 arithmetic, not time: generate --compare measures the speed-up
features held    3.0 MiB at most
weights          31.2 MiB, 8.18 M parameters
kinds of step    4, each compiled before the first step
`.trimStart(),
    );
  });

  it('says the same to programs, and saves the schedule of a method', async () => {
    const { code, stdout } = await procache([
      'explain',
      '--schedule',
      'fora-3',
      '--steps',
      '6',
      '--json',
      '--save',
      inFolder('fora.json'),
      '--guidance',
      '1',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schedule: { name: 'fora-3', pattern: '#.#..#' },
      steps: 6,
      images: 1,
      batch: 1,
      letters: { '#': 3, '.': 3 },
      plan: [
        '  0 #  run 0-11 keep 24',
        '  1 .  fold 0.attn..11.mlp (24)',
        '  2 #  run 0-11 keep 24',
        expect.any(String),
        expect.any(String),
        '  5 #  run 0-11',
      ],
      legend: ['run a-b: compute blocks a-b; keep n: store n features', 'fold x..y (n): add n stored features'],
      cost: { multiplyAddRatio: expect.closeTo(1.98, 1) },
    });
    expect(JSON.parse(await readFile(inFolder('fora.json'), 'utf8'))).toMatchObject({ version: 1, pattern: '#.#..#' });
  });

  it('keeps what names the schema of a schedule to schedules', async () => {
    const $schema = 'https://example.org/schedule.schema.json';
    await writeFile(inFolder('told.json'), JSON.stringify({ $schema, version: 1, pattern: '#.', legend: {} }));
    const { stdout } = await procache([
      'explain',
      '--schedule',
      inFolder('told.json'),
      '--json',
      '--save',
      inFolder('saved.json'),
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ schedule: { name: 'told', version: 1, pattern: '#.', legend: {} } });
    expect(stdout).not.toContain('$schema');
    expect(JSON.parse(await readFile(inFolder('saved.json'), 'utf8'))).toMatchObject({ $schema, version: 1 });
    expect(JSON.parse((await procache(['inspect', inFolder('told.json'), '--json'])).stdout)).toMatchObject({
      schedule: { $schema },
    });
  });

  it('needs no weights for a published size', async () => {
    const { code, stdout, stderr } = await procache([
      'explain',
      '--shape',
      'DiT-XL/2',
      '--schedule',
      'fora-2',
      '--steps',
      '4',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('fora-2 on dit-xl/2 (published size): 4 steps of 28 blocks, 16x16 tokens\n');
    expect(stdout).toMatch(/\nweights +2\.52 GiB, 675 M parameters\n/);
    const json = await procache(['explain', '--shape', 'dit-xl/2-512', '--json', '--guidance', '1']);
    // 524.6 Gflops of multiply-adds for one image of 512x512: Peebles and Xie, 2023, Table 6.
    expect(JSON.parse(json.stdout)).toMatchObject({
      model: { fingerprint: null },
      cost: { multiplyAdds: expect.closeTo(50 * 524.6e9, -11) },
    });
    expect(await procache(['explain', '--shape', 'dit-m/2'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining("there is no size 'dit-m/2'; there are dit-s/2, "),
    });
  });

  it('and its help fit 80 columns', async () => {
    const { code, stdout } = await procache(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: procache [options] [command]');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});
