import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPngText } from '@procache/pictures';
import { describe, expect, it } from 'vitest';
import { FIXTURES, procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();
const emoji = ['--model', 'emoji-pixart'];

async function record(words: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await procache([...words, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('a model of texts on the command line', () => {
  it('draws prompts, and pictures say which, what they lead away from and how large they are', async () => {
    const [file, out] = [inFolder('prompts.txt'), inFolder('pictures')];
    await writeFile(file, '# two more\n\ntwemoji blue heart\nnoto trophy\n');
    const prompts = ['--prompt', 'noto doughnut', '--prompts', file, '--negative-prompt', 'fluent'];
    const said = await record(['generate', ...emoji, ...prompts, '--steps', '2', '--out', out, '--preview-every', '1']);
    expect(said).toMatchObject({
      model: { name: 'emoji-pixart', family: 'pixart' },
      ...{ guidance: 3, negative: 'fluent', width: 32, height: 32 },
      images: [
        { condition: 'noto doughnut', seed: 0 },
        { condition: 'twemoji blue heart', seed: 1 },
        { condition: 'noto trophy', seed: 2 },
      ],
      files: { preview: join(out, 'preview.png') },
    });
    expect((await readdir(out)).sort()).toEqual([
      '00-noto-doughnut-seed0.png',
      '01-twemoji-blue-heart-seed1.png',
      '02-noto-trophy-seed2.png',
      'grid.png',
      'preview.png',
    ]);
    const text = readPngText(await readFile(join(out, '01-twemoji-blue-heart-seed1.png')));
    expect(text['parameters']).toMatch(
      /^twemoji blue heart\nNegative prompt: fluent\nSteps: 2, Sampler: ddim, CFG scale: 3, Seed: 1, Size: 32x32, /,
    );
    const preview = readPngText(await readFile(join(out, 'preview.png')));
    expect(preview['parameters']).toContain('\nSteps: 2 of 2, ');
    const again = await record(['generate', ...emoji, '--prompt', 'noto trophy', '--steps', '1', '--out', out]);
    expect((again['files'] as { readonly removed: readonly string[] }).removed).toContain(join(out, 'preview.png'));
    expect(await readdir(out)).not.toContain('preview.png');
  });

  it('draws an image of a prompt that does not depend on the others', async () => {
    const words = ['generate', ...emoji, '--steps', '2', '--out'];
    await record([...words, inFolder('a'), '--prompt', 'noto doughnut', '--prompt', 'fluent person with skullcap']);
    await record([...words, inFolder('b'), '--prompt', 'fluent person with skullcap', '--seed', '1']);
    const name = 'fluent-person-with-skullcap-seed1.png';
    expect(await readFile(inFolder('b', `00-${name}`))).toEqual(await readFile(inFolder('a', `01-${name}`)));
  });

  it('draws what the zoo advises, cached and uncached', async () => {
    const words = ['--steps', '4', '--schedule', 'fora-2', '--compare', '--repeat', '1', '--out', inFolder('usual')];
    const said = await record(['generate', ...emoji, ...words]);
    expect(said['images']).toHaveLength(10);
    expect(said).toMatchObject({ comparison: { closeness: { pixels: { psnr: expect.any(Number) } } } });
  });

  it('draws a size, by way of one that it was trained on unless told otherwise', async () => {
    const tiny = [
      'explain',
      '--model',
      join(FIXTURES, 'pipelines', 'pixart-tiny-ms'),
      '--width',
      '160',
      '--height',
      '96',
    ];
    expect((await procache(tiny)).stdout).toContain('48x80 tokens'); // 768 x 1280 pixels
    expect((await procache([...tiny, '--no-resolution-binning'])).stdout).toContain('6x10 tokens');
    const odd = await procache([...tiny, '--no-resolution-binning', '--width', '100']);
    expect(odd).toMatchObject({ code: 2, stdout: '' });
    expect(odd.stderr).toContain('--width 100: pixart-tiny-ms draws images of a multiple of 16 pixels; use 96 or 112');
    const small = await procache(['generate', '--width', '48']);
    expect(small.stderr).toContain('--width: the model draws latents of 32 x 32 cells only, not of 32 x 48');
  });

  it('draws from texts that were read before what it draws from the texts', async () => {
    const pixart = ['--model', join(FIXTURES, 'pipelines', 'pixart-tiny')];
    const [file, prompts] = [inFolder('read.safetensors'), ['--prompt', 'a cat', '--prompt', 'a dog']];
    expect(await record(['embed', ...pixart, ...prompts, '--prompt', 'a cat', '--out', file])).toMatchObject({
      ...{ file, prompts: ['a cat', 'a dog'], negatives: [''], tokens: 120, width: 32 },
    });
    const words = ['generate', ...pixart, '--steps', '3', '--out'];
    await record([...words, inFolder('unread'), ...prompts]);
    await record([...words, inFolder('read'), '--embeddings', file]);
    for (const name of ['00-a-cat-seed0.png', '01-a-dog-seed1.png'])
      expect(await readFile(inFolder('read', name))).toEqual(await readFile(inFolder('unread', name)));
    const other = await procache([...words, inFolder('other'), '--embeddings', file, '--prompt', 'a bird']);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('has no embedding of "a bird", but of "a cat", "a dog"');
  });

  it('saves latents and says why where there is no decoder, and does not begin where one is broken', async () => {
    await cp(join(FIXTURES, 'pipelines', 'pixart-tiny'), inFolder('own'), { recursive: true });
    const vae = inFolder('own', 'vae');
    const drawing = ['generate', '--model', inFolder('own'), '--prompt', 'a cat', '--steps', '1'];
    await truncate(join(vae, 'diffusion_pytorch_model.safetensors'), 5000);
    const broken = await procache([...drawing, '--out', inFolder('broken')]);
    expect(broken).toMatchObject({ code: 1, stdout: '' });
    expect(broken.stderr.replaceAll(/\s+/g, ' ')).toMatch(
      /the decoder of the model cannot be opened: \S.*; name another with --vae, or move this one away/,
    );
    expect(await readdir(inFolder('.'))).not.toContain('broken');
    const searched = await procache(['search', ...drawing.slice(1, -2), '--budget', '2', '--out', inFolder('broken')]);
    expect(searched).toMatchObject({ code: 1, stdout: '' });
    expect(searched.stderr).toContain('the decoder of the model cannot be opened');
    await rm(vae, { recursive: true });
    const previews = await procache([...drawing, '--out', inFolder('bare'), '--preview-every', '1']);
    expect(previews).toMatchObject({ code: 2, stdout: '' });
    expect(previews.stderr).toContain('--preview-every: there is no decoder with it');
    const bare = await procache([...drawing, '--out', inFolder('bare')]);
    expect(bare.code).toBe(0);
    expect(bare.stdout.replaceAll(/\s+/g, ' ')).toMatch(/The latents are saved, and no pictures: there is no decoder/);
    expect(await readdir(inFolder('bare'))).toEqual(['latents.safetensors']);
  });

  it('says what of a text is not read', async () => {
    const long = ['--prompt', 'a small red fox on a stone', '--max-sequence-length', '5'];
    const pixart = ['generate', '--model', join(FIXTURES, 'pipelines', 'pixart-tiny'), '--steps', '2'];
    const said = await procache([...pixart, ...long, '--out', inFolder('cut')]);
    expect(said.code).toBe(0);
    expect(said.stderr.replaceAll(/\s+/g, ' ')).toContain(
      'warning: of "a small red fox on a stone": it reads 5 tokens',
    );
    const unknown = await procache([
      'generate',
      ...emoji,
      '--prompt',
      'noto sofa',
      '--steps',
      '1',
      '--out',
      inFolder('w'),
    ]);
    expect(unknown.stderr).toBe('warning: of "noto sofa": it does not know sofa\n');
  });

  it('takes the empty text for a text', async () => {
    const words = ['generate', ...emoji, '--prompt', '', '--negative-prompt', '', '--steps', '1'];
    expect(await record([...words, '--out', inFolder('empty')])).toMatchObject({ negative: '', images: [{}] });
    await writeFile(inFolder('empty.json'), '["", "noto trophy"]');
    const file = ['generate', ...emoji, '--prompts', inFolder('empty.json'), '--steps', '1', '--out', inFolder('e')];
    expect(await record(file)).toMatchObject({ images: [{ condition: '' }, { condition: 'noto trophy' }] });
  });

  it.each([
    ['--preview-every: there are 2 steps; ask for at most as many', [...emoji, '--steps', '2', '--preview-every', '7']],
    ['--max-sequence-length: 20 is not an integer between 1 and 16', [...emoji, '--max-sequence-length', '20']],
    ['--tokenizer: the texts of --embeddings have been read', [...emoji, '--embeddings', 'x', '--tokenizer', 'y']],
    ['--vae: the model draws pixels, which need none; leave it out', [...emoji, '--vae', 'x']],
    ['--text-encoder: the model draws classes, which nobody has to read', ['--text-encoder', 'x']],
    ['--negative-prompt: without guidance nothing leads away', [...emoji, '--guidance', '1', '--negative-prompt', 'a']],
  ])('refuses before anything is computed: %s', async (message, words) => {
    const { code, stdout, stderr } = await procache(['generate', ...words]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('has its schedules searched by prompts, and judged on others', async () => {
    const file = inFolder('eight.json');
    const prompts = ['doughnut', 'trophy', 'heart', 'star', 'cat', 'dog', 'house', 'tree'];
    await writeFile(file, JSON.stringify(prompts));
    const few = [
      '--steps',
      '4',
      '--budget',
      '2',
      '--seeds',
      '2',
      '--final-seeds',
      '0',
      '--judge',
      '2',
      '--beside',
      'none',
    ];
    const brief = ['--strategy', 'sample', '--candidates', '1', '--no-report', '--workers', '1'];
    const out = inFolder('search');
    const said = await procache(['search', ...emoji, '--prompts', file, ...few, ...brief, '--out', out, '--json']);
    expect({ code: said.code, stderr: said.stderr }).toEqual({ code: 0, stderr: '' });
    const [header] = (await readFile(join(out, 'study.jsonl'), 'utf8')).split('\n');
    expect(JSON.parse(header!)).toMatchObject({
      images: { texts: ['doughnut', 'trophy', 'heart', 'cat', 'dog', 'house'], judged: ['star', 'tree'] },
    });
  });

  it('is benchmarked with texts of random numbers', async () => {
    const words = ['--steps', '3', '--images', '1', '--rounds', '1', '--schedules', 'fora-2', '--no-peak', '--quiet'];
    const { code, stdout } = await procache(['bench', ...emoji, ...words, '--json']);
    expect(code).toBe(0);
    const { contestants } = JSON.parse(stdout) as { readonly contestants: readonly { readonly speedup: number }[] };
    expect(contestants).toHaveLength(2);
  });
});
