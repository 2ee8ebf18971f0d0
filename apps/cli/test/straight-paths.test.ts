import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFile } from '@procache/backend-node';
import { openCheckpoint, readFloats, writeSafetensors } from '@procache/model';
import { beforeAll, describe, expect, it } from 'vitest';
import { FIXTURES, procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();
const sit = join(FIXTURES, 'sit', 'learn-sigma');
const model = ['--model', join(sit, 'model.safetensors'), '--family', 'sit'];

async function floatsIn(path: string, name: string): Promise<Float32Array> {
  const source = await openFile(path);
  const { tensors } = await openCheckpoint(source);
  const data = await readFloats(tensors.get(name)!);
  await source.close();
  return data;
}

/** The config of the golden SiT also says how its data was made, which nothing follows. */
const NOTES_OF_THE_FIXTURE = /^warning: config\.json: cfg_scale, [^]*, so they are not followed\n$/;

async function record(words: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await procache([...words, '--json']);
  expect(code).toBe(0);
  expect(stderr).toMatch(NOTES_OF_THE_FIXTURE);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('a SiT on the command line', () => {
  let start: readonly string[];
  beforeAll(async () => {
    const expected = join(sit, 'expected.safetensors');
    const data = await floatsIn(expected, 'cfg.noise');
    const noise = inFolder('noise.safetensors');
    await writeFile(noise, writeSafetensors(new Map([['noise', { shape: [2, 4, 8, 8], data }]])));
    const labels = [...(await floatsIn(expected, 'cfg.labels'))].join();
    start = ['generate', ...model, '--labels', labels, '--noise', noise, '--guidance', '1.5'];
  });

  it.each([
    ['Euler', 'ode_euler', ['--steps', '19'], 1],
    ['Heun', 'ode_heun', ['--steps', '18', '--sampler', 'heun'], 2],
  ] as const)('draws what its own code draws by %s', async (_, tensor, words, evaluations) => {
    const file = inFolder(`${tensor}.safetensors`);
    const said = await record([...start, ...words, '--save-trajectory', file, '--out', inFolder(tensor)]);
    expect(said).toMatchObject({
      model: { family: 'sit' },
      sampler: evaluations === 1 ? 'euler' : 'heun',
      timesteps: 'uniform',
    });
    const wanted = await floatsIn(join(sit, 'expected.safetensors'), `${tensor}.trajectory`);
    const size = 2 * 4 * 8 * 8;
    const all = await floatsIn(file, 'trajectory');
    const drawn = all.filter((__, i) => Math.floor(i / size) % evaluations === evaluations - 1);
    expect(drawn).toHaveLength(wanted.length);
    const largest = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    expect(drawn.reduce((most, x, i) => Math.max(most, Math.abs(x - wanted[i]!)), 0) / largest).toBeLessThanOrEqual(
      1e-4,
    );
  });

  it('says how it was drawn, all that Euler-Maruyama takes with it', async () => {
    const seeded = [
      ...start.slice(0, 5),
      '--labels',
      '1',
      '--sampler',
      'euler-maruyama',
      '--seed',
      '5',
      '--steps',
      '6',
    ];
    const said = await record([...seeded, '--schedule', 'fora-2', '--out', inFolder('sde')]);
    expect(said).toMatchObject({
      sampler: 'euler-maruyama',
      schedule: { pattern: '##.#.#' },
      sde: { form: 'sigma', norm: 1, lastStep: 'mean', lastStepSize: 0.04 },
    });
    const other = ['--diffusion-form', 'decreasing', '--diffusion-norm', '0.5', '--last-step', 'none'];
    const differently = await record([...seeded, ...other, '--out', inFolder('sde-other')]);
    expect(differently['sde']).toEqual({ form: 'decreasing', norm: 0.5, lastStep: 'none' });
    const latents = (name: string) => readFile(join(inFolder(name), 'latents.safetensors'));
    expect(await latents('sde')).not.toEqual(await latents('sde-other'));
    expect(await record([...seeded, ...other, '--out', inFolder('sde-again')])).toMatchObject({
      sde: differently['sde'],
    });
    expect(await latents('sde-again')).toEqual(await latents('sde-other'));
  });

  it.each([
    ['--steps 9: heun evaluates the model twice for each update', ['--sampler', 'heun', '--steps', '9']],
    [
      '--steps 1: euler-maruyama takes an update and a last step at least',
      ['--sampler', 'euler-maruyama', '--steps', '1'],
    ],
    [`--sampler: it is "ddim", but the model's path is straight (flow matching, SiT)`, ['--sampler', 'ddim']],
    ['--sampler: it is "ddpm", but the model', ['--sampler', 'ddpm']],
    [
      "--timesteps trailing: the model's path is straight (flow matching, SiT); there are uniform, linspace",
      ['--timesteps', 'trailing'],
    ],
    ['--eta belongs to the sampler ddim; euler takes none of it, so leave it out', ['--eta', '0']],
    [
      '--diffusion-form: "SBDM" is not finite at the noise that every image begins with; there are sigma',
      ['--sampler', 'euler-maruyama', '--diffusion-form', 'SBDM'],
    ],
    ['--diffusion-form: "constant" ends in an error', ['--sampler', 'euler-maruyama', '--diffusion-form', 'constant']],
    [
      '--last-step-size belongs to a last step',
      ['--sampler', 'euler-maruyama', '--last-step', 'none', '--last-step-size', '0.1'],
    ],
    [
      "argument '101' is invalid. It is a number from 0 to 100",
      ['--sampler', 'euler-maruyama', '--diffusion-norm', '101'],
    ],
    ['--seed: with --noise nothing is drawn from it, as heun adds none', ['--sampler', 'heun', '--seed', '1']],
  ])('refuses before anything is computed: %s', async (message, words) => {
    const { code, stdout, stderr } = await procache([...start, ...words, '--out', inFolder('refused')]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('is told by a published name of its file, and inspected', async () => {
    const named = inFolder('SiT-S-2.safetensors');
    await copyFile(join(sit, 'model.safetensors'), named);
    const told = async (...words: string[]) => {
      const { stdout } = await procache(['inspect', named, '--num-heads', '4', ...words]);
      return stdout.replaceAll(/\n {18}/g, ' ');
    };
    const asSit = await told();
    expect(asSit).toContain('supported         yes, as sit (original)\n');
    expect(asSit).toContain('4 channels out\n');
    expect(asSit).toContain(
      'trained           on a straight path, at times from 0 (noise) to 1 (image), to predict the velocity\n',
    );
    expect(asSit).toContain('sampled           euler, timesteps uniform, unless told otherwise\n');
    expect(await told('--family', 'dit')).toContain('supported         yes, as dit (original)\n');
  });

  it('is searched with the settings that it is drawn with, and a study does not go on under others', async () => {
    const out = inFolder('search');
    const space = [
      '--steps',
      '6',
      '--budget',
      '3',
      '--labels',
      '1',
      '--seeds',
      '2',
      '--final-seeds',
      '0',
      '--judge',
      '0',
    ];
    const words = [
      'search',
      ...model,
      ...space,
      '--sampler',
      'euler-maruyama',
      '--workers',
      '1',
      '--threads',
      '1',
      '--quiet',
      '--out',
      out,
    ];
    expect(await procache(words)).toMatchObject({ code: 0, stderr: '' });
    const other = await procache([...words, '--resume', '--diffusion-norm', '2']);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('the study was made with images.sde.norm 1, and this search has 2');
  });
});
