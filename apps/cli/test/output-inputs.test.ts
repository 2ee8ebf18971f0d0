import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { FIXTURES, procache, temporaryFolder } from './spawn-procache.ts';

// Nothing that is read is written over: not the model, none of its parts, and no file that an option names.

const inFolder = temporaryFolder();
const pixart = () => ['--model', inFolder('pixart')];
beforeAll(async () => {
  await cp(join(FIXTURES, 'pipelines', 'pixart-tiny'), inFolder('pixart'), { recursive: true });
  await writeFile(inFolder('prompts.txt'), 'a cat\n');
  await writeFile(inFolder('mine.json'), '{"version": 1, "pattern": "#.", "legend": {}}');
  await procache(['embed', ...pixart(), '--prompt', 'a cat', '--out', inFolder('read.safetensors')]);
});

describe('an output is refused that would replace', () => {
  it.each([
    'transformer/config.json',
    'vae/diffusion_pytorch_model.safetensors',
    'vae/config.json',
    'text_encoder/model-00002-of-00004.safetensors',
    'tokenizer/tokenizer.json',
    'scheduler/scheduler_config.json',
    'model_index.json',
  ])("a model's %s", async (file) => {
    const path = inFolder('pixart', file);
    const before = await readFile(path);
    const drawing = ['generate', ...pixart(), '--prompt', 'a cat', '--steps', '1', '--out', inFolder('out')];
    const drawn = await procache([...drawing, '--save-latents', path]);
    expect(drawn).toMatchObject({ code: 2, stdout: '' });
    expect(drawn.stderr).toContain('is a file of the model already, and would be written over');
    const embedded = await procache(['embed', ...pixart(), '--prompt', 'a cat', '--out', path]);
    expect(embedded).toMatchObject({ code: 2, stdout: '' });
    expect(await readFile(path)).toEqual(before);
  });

  it.each<[option: string, file: string, more: readonly string[], written?: string]>([
    ['--prompts', 'prompts.txt', []],
    ['--embeddings', 'read.safetensors', ['--guidance', '1']],
    ['--schedule', 'mine.json', ['--prompt', 'a cat']],
    ['--vae', 'pixart/vae', ['--prompt', 'a cat'], 'pixart/vae/config.json'],
  ])('the file of %s', async (option, file, more, written = file) => {
    const path = inFolder(written);
    const before = await readFile(path);
    const steps = option === '--schedule' ? [] : ['--steps', '1'];
    const words = ['generate', ...pixart(), option, inFolder(file), ...steps, ...more, '--out', inFolder('out')];
    const { code, stdout, stderr } = await procache([...words, '--save-trajectory', path]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/is (?:the file of --[a-z]+|a file of the model) already, and would be written over/);
    expect(await readFile(path)).toEqual(before);
  });
});

it('a new file beside the model is written', async () => {
  const drawing = ['generate', ...pixart(), '--prompt', 'a cat', '--steps', '1', '--out', inFolder('out')];
  const { code } = await procache([...drawing, '--save-latents', inFolder('pixart', 'latents.safetensors')]);
  expect(code).toBe(0);
});
