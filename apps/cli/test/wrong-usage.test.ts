import { cp, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { FIXTURES, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();

/** Runs a command line in this process: all that these tests ask for fails before a thread is started. */
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

async function scheduleFile(name: string, schedule: unknown): Promise<string> {
  await writeFile(inFolder(name), typeof schedule === 'string' ? schedule : JSON.stringify(schedule));
  return inFolder(name);
}

const wrong: readonly (readonly [string, string[]])[] = [
  ["unknown command 'generat'; did you mean generate?", ['generat']],
  ["unknown option '--nose'; did you mean --noise?", ['generate', '--nose', 'x']],
  ["unknown option '--zzz'; --help lists what there is", ['generate', '--zzz']],
  [
    "option '-n, --steps <n>' argument '1.5' is invalid. It is a whole number, 1 or more",
    ['generate', '--steps', '1.5'],
  ],
  ["option '--eta <share>' argument '2' is invalid. It is a number from 0 to 1", ['generate', '--eta', '2']],
  [
    "--labels: label 12 is outside the model's 10 classes; labels are 0 to 9 (t-shirt, trouser,",
    ['generate', '--labels', '1,12'],
  ],
  ["--labels: there is no class 'trousers'; nearest first: trouser,", ['generate', '--labels', 'trousers']],
  ['--labels: there is an empty label in the list', ['generate', '--labels', '1,,2']],
  [
    '--prompt: fashion-dit draws classes, not texts; use --labels instead: labels are 0 to 9',
    ['generate', '--prompt', 'a bag'],
  ],
  ['--prompts: fashion-dit draws classes, not texts', ['search', '--prompts', 'x.txt']],
  ['--negative-prompt: fashion-dit draws classes, not texts', ['generate', '--negative-prompt', 'a bag']],
  [
    '--labels: emoji-pixart draws texts, not classes; use --prompt instead: it takes texts of up to 16 tokens',
    ['generate', '--model', 'emoji-pixart', '--labels', '1'],
  ],
  [
    '--prompts ./missing.txt: there is no such file; give a text with a prompt a line',
    ['explain', '--model', 'emoji-pixart', '--prompts', './missing.txt'],
  ],
  [
    '--prompt and --images both say how many images there are; leave one out',
    ['explain', '--model', 'emoji-pixart', '--prompt', 'a', '--images', '2'],
  ],
  ['--preview-every: --compare times whole runs', ['generate', '--compare', '--preview-every', '5']],
  [
    '--sampler: the sampler dopri5 chooses itself how often it evaluates the model',
    ['generate', '--sampler', 'dopri5'],
  ],
  [
    '--sampler: it is "heun", which goes along straight paths (flow matching, SiT) only; supported are ddim, ddpm',
    ['generate', '--sampler', 'heun'],
  ],
  [
    "--timesteps uniform: the model's path is that of a diffusion by betas; there are original",
    ['generate', '--timesteps', 'uniform'],
  ],
  ['--diffusion-form belongs to --sampler euler-maruyama', ['generate', '--diffusion-form', 'sigma']],
  ['--last-step belongs to --sampler euler-maruyama', ['search', '--last-step', 'mean']],
  [
    "option '--family <name>' argument 'sdxl' is invalid. Allowed choices are dit, pixart, sit",
    ['inspect', 'fashion-dit', '--family', 'sdxl'],
  ],
  [
    "option '--shape <size>' cannot be used with option '--family <name>'",
    ['explain', '--shape', 'dit-xl/2', '--family', 'sit'],
  ],
  ["--sampler: there is no sampler 'dim'; there are ddim, ddpm", ['generate', '--sampler', 'dim']],
  ['--eta belongs to the sampler ddim', ['generate', '--sampler', 'ddpm', '--eta', '0.5']],
  [
    "--schedule: there is no schedule 'for-3'; with fashion-dit ship searched-8, searched-10, searched-17, " +
      'searched-25; methods are fora-<interval>, ',
    ['generate', '--schedule', 'for-3'],
  ],
  ["--schedule: there is no schedule 'searched-18'; with fashion-dit ship ", ['explain', '--schedule', 'searched-18']],
  ['--schedule fora-0: interval: 0 is not an integer between 1 and 4096', ['explain', '--schedule', 'fora-0']],
  [
    "--pattern[1]: 'x' is neither '#' (compute) nor '.' (reuse)",
    ['explain', '--schedule', 'procache', '--pattern', '#x'],
  ],
  [
    '--pattern: has 3 letters but there are 4 steps',
    ['explain', '--schedule', 'procache', '--pattern', '#.#', '--steps', '4'],
  ],
  [
    '--schedule procache-published: ProCache has published no schedule of 20 steps',
    ['generate', '--schedule', 'procache-published', '--steps', '20'],
  ],
  ['--schedule nope.json: there is no such file; give a schedule file', ['explain', '--schedule', 'nope.json']],
  ["--model: there is no model 'fashion'; the zoo has fashion-dit", ['generate', '--model', 'fashion']],
  ['--model: there is no file or folder no/such.pt', ['explain', '--model', 'no/such.pt']],
  ['--repeat belongs to --compare', ['generate', '--repeat', '2']],
  ['--labels and --images both say how many images there are', ['explain', '--labels', '1', '--images', '2']],
  ['there is no file or folder nowhere; check the path', ['inspect', 'nowhere']],
  ["option '-o, --out <folder>' is empty; it takes a value", ['generate', '--out', '']],
  ["option '-o, --out <folder>' is empty; it takes a value", ['search', '--out=', '--budget', '3']],
  [
    "option '-o, --out <file>' is empty; it takes a value",
    ['schedule', 'export', 'fora-3', '--format', 'mask', '--out='],
  ],
  ["option '--save-latents <file>' is empty; it takes a value", ['generate', '--save-latents', '']],
  ["option '--save <file>' is empty; it takes a value", ['explain', '--save', '']],
  ["option '--cache <folder>' is empty; it takes a value", ['bench', '--shape', 'dit-s/2', '--cache', '']],
  ["argument 'path' is empty; it takes a value", ['inspect', '']],
  ["argument 'schedule' is empty; it takes a value", ['schedule', 'resample', '', '--steps', '3']],
];

describe('wrong usage', () => {
  it.each(wrong)('%s', async (message, words) => {
    const { code, stdout, stderr } = await run(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`procache: ${message}`);
    expect(stderr.split('\n')).toHaveLength(2);
  });

  it('is to write over what is read, over another file of the same run, or tensors as a picture', async () => {
    const small = ['generate', '--steps', '1', '--labels', '1', '--out', inFolder('apart')];
    await symlink('latents.safetensors', inFolder('link'));
    const latents = inFolder('latents.safetensors');
    const twice = await run(...small, '--save-latents', latents, '--save-trajectory', inFolder('link'));
    expect(twice.stderr).toBe(
      `procache: --save-trajectory: ${inFolder('link')} is the file of --save-latents already, and would be ` +
        `written over; choose another name\n`,
    );
    const picture = await run(...small, '--save-latents', join(inFolder('apart'), 'grid.png'));
    expect(picture.stderr).toContain('is the name of a picture, but tensors are written; end it with .safetensors');
    const model = join(inFolder('model'), 'model.safetensors');
    await cp(join(FIXTURES, 'dit'), inFolder('model'), { recursive: true });
    const before = await readFile(model);
    const start = join(inFolder('model'), 'noise.safetensors');
    const noise = await run(
      'generate',
      '--model',
      model,
      '--num-heads',
      '4',
      '--labels',
      '1,2',
      '--noise',
      start,
      '--save-latents',
      start,
      '--out',
      inFolder('apart'),
    );
    expect(noise.stderr).toContain(`${start} is the file of --noise already, and would be written over`);
    const over = [
      await run(...small, '--model', model, '--num-heads', '4', '--save-latents', model),
      await run('explain', '--model', model, '--num-heads', '4', '--save', model),
      await run(
        'schedule',
        'export',
        'fora-2',
        '--format',
        'mask',
        '--model',
        model,
        '--num-heads',
        '4',
        '--out',
        model,
      ),
    ];
    for (const { code, stderr } of over)
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining(`${model} is a file of the model already, and would be written over`),
      ]);
    expect(before.equals(await readFile(model))).toBe(true);
    for (const { code } of [twice, noise, picture]) expect(code).toBe(2);
    await expect(stat(inFolder('apart'))).rejects.toThrow('ENOENT');
  });

  it('is told in JSON too', async () => {
    const { code, stdout, stderr } = await run('generate', '--json', '--labels', '99');
    expect(code).toBe(2);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    expect(error.code).toBe('invalid-input');
    expect(stderr).toBe(`procache: ${error.message}\n`);
  });

  it('shows where it arose with --debug', async () => {
    const { stderr } = await run('generate', '--debug', '--labels', '99');
    expect(stderr).toMatch(/\n {4}at .*classes\.ts/);
  });
});

const rule = { do: 'reuse' };
const broken: readonly (readonly [string, unknown])[] = [
  ['schedule.pattern[1]: the letter "x" is not in the legend', { version: 1, pattern: '#x', legend: {} }],
  [
    'schedule.legend["+"][1].blocks: [2, 40] is outside the model\'s 12 blocks (0-11)',
    { version: 1, pattern: '#+', legend: { '+': [rule, { do: 'refresh', ratio: 0.3, blocks: [2, 40] }] } },
  ],
  [
    'schedule.legend["+"][0].ratio: 1.5 is',
    { version: 1, pattern: '#+', legend: { '+': [{ do: 'refresh', ratio: 1.5 }] } },
  ],
  ['step 0 uses 0.attn before any step has computed it', { version: 1, pattern: '.#', legend: {} }],
  ['line 1, column 2: this is not JSON', '{]'],
];

describe('a schedule file that cannot be used', () => {
  it.each(broken)('%s', async (message, schedule) => {
    const path = await scheduleFile('broken.json', schedule);
    const { code, stderr } = await run('explain', '--schedule', path);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(await run('inspect', path, '--model', 'fashion-dit')).toMatchObject({ code: 1, stdout: '', stderr });
  });

  it('has another length than was asked for', async () => {
    const path = await scheduleFile('short.json', { version: 1, pattern: '#.', legend: {} });
    const { code, stderr } = await run('generate', '--schedule', path, '--steps', '50');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        `procache: --steps 50: the schedule ${path} has 2 steps; ` +
        `leave this out, or make another of it with: procache schedule resample\n`,
    });
  });
});

const damaged: readonly (readonly [string, string])[] = [
  ['truncated.pt', 'looks cut short; download it again'],
  ['legacy.pt', 'this is a bare pickle, as torch wrote before 1.6'],
  ['not-a-checkpoint.safetensors', 'this is a web page, not a checkpoint'],
  ['unsafe-global.pt', 'nothing was run'],
  ['overlap.safetensors', "tensor 'b' overlaps the tensor before it"],
];

describe('a checkpoint that cannot be used', () => {
  it.each(damaged)('%s', async (file, message) => {
    const path = join(FIXTURES, 'checkpoints', file);
    for (const words of [
      ['generate', '--model', path],
      ['inspect', path],
    ]) {
      const { code, stdout, stderr } = await run(...words);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(`procache: ${file}: `);
      expect(stderr).toContain(message);
    }
  });
});

/** Each is told before a model is opened or a folder made. */
const searches: readonly (readonly [string, string[]])[] = [
  [
    '40 computed steps, each followed by 1 to 4 reused ones, make 80 to 200 steps, but there are 50 to fill; ' +
      'use a budget of 10 to 25',
    ['--budget', '40', '--reuse', '1-4'],
  ],
  [
    'the first 5 and the last 2 steps are computed, more than a budget of 4',
    ['--budget', '4', '--first', '5', '--last', '2'],
  ],
  [
    'patterns, more than the 5000 that are listed; tighten its constraints, or sample or anneal',
    ['--strategy', 'exhaustive'],
  ],
  ["--strategy reference: the paper's sampler draws falling gaps only", ['--strategy', 'reference']],
  ['--budget and --target both say what a schedule may cost; leave one out', ['--budget', '17', '--target', '900']],
  ['--images belongs to --target; add it, or leave this out', ['--images', '3']],
  [
    '--paper says what reused steps do, and so does --forecast; leave one of the two out',
    ['--paper', '--forecast', '1'],
  ],
  [
    '--iterations belongs to the strategies anneal, combined; leave it out for sample',
    ['--strategy', 'sample', '--iterations', '3'],
  ],
  [
    '--selective refreshes features of branches, and --features stack stores none',
    ['--selective', '0.3', '--features', 'stack'],
  ],
  ["--selective: block 12 is outside the model's 12 blocks (0-11)", ['--selective', '0.3@12']],
  [
    "option '--forecast <orders>' argument '11' is invalid. It is a whole number, 0 or more, at most 10",
    ['--forecast', '11'],
  ],
  ["There is no 'fid' here, only latent-error, psnr, ssim, frechet, kernel", ['--objective', 'fid']],
  ['--data belongs to the objectives frechet and kernel; add one to --objective', ['--data', 'x.safetensors']],
  [
    '--feature-network no.onnx: there is no such file; give an ONNX file',
    ['--objective', 'frechet', '--feature-network', 'no.onnx', '--data', 'x'],
  ],
  [
    '--data none.safetensors: there is no such file; give a safetensors file',
    ['--objective', 'kernel', '--data', 'none.safetensors'],
  ],
  ["there is no method 'for-3'", ['--beside', 'for-3']],
  ['It is two whole numbers, the smaller one first, such as 1-4', ['--reuse', '4-1']],
];

describe('a search that cannot be made', () => {
  it.each(searches)('%s', async (message, words) => {
    const out = inFolder('never');
    const { code, stdout, stderr } = await run('search', ...words, '--out', out);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    await expect(stat(out)).rejects.toThrow();
  });

  it('needs data for distances of features, unless the zoo has them', async () => {
    const model = ['--model', join(FIXTURES, 'dit/model.safetensors'), '--num-heads', '4'];
    const { code, stderr } = await run('search', ...model, '--objective', 'frechet');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'procache: --objective: frechet needs --feature-network, an ONNX file that makes features of images; ' +
        'add it, or use latent-error\n',
    });
    expect((await run('search', ...model, '--objective', 'psnr')).stderr).toContain(
      'psnr compares pixels, and the images of model.safetensors, which draws latents, are not decoded',
    );
  });
});
