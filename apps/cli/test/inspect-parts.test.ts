import { cp, mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '@procache/model';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { FIXTURES, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();
const TINY = join(FIXTURES, 'pipelines/pixart-tiny');

/** What is printed about a path; no line of it is longer than a terminal is wide. */
async function inspected(...words: string[]): Promise<string> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const streams = { stdout: stream('stdout'), stderr: stream('stderr') };
  const code = await runCommandLine(['inspect', ...words], { ...streams, env: {}, signal: AbortSignal.any([]) });
  expect({ code, stderr: written.stderr }).toEqual({ code: 0, stderr: '' });
  const [path] = words;
  const own = written.stdout.split('\n').filter((line) => !line.includes(path!));
  if (!words.includes('--json')) expect(Math.max(...own.map((line) => line.length))).toBeLessThanOrEqual(80);
  return written.stdout;
}

const jsonOf = async (path: string): Promise<unknown> => JSON.parse(await inspected(path, '--json'));

describe('procache inspect tells of', () => {
  it('a diffusers pipeline: the model, its parts, and what draws with it', async () => {
    const text = await inspected(TINY);
    expect(text).toContain('\nsupported         yes, as pixart (diffusers)\n');
    expect(text).toContain(
      [
        '',
        'decoder           vae (AutoencoderKL)',
        'encoder           text_encoder (T5EncoderModel)',
        'tokenizer         tokenizer (tokenizer.json)',
        'scheduler         scheduler (DPMSolverMultistepScheduler)',
        '',
        'to draw with it',
      ].join('\n'),
    );
    expect(text).toMatch(/ {2}procache generate(?: \\\n {3})? --prompt "a red fox"(?: \\\n {3})? --model /);
    expect(await jsonOf(TINY)).toMatchObject({
      kind: 'checkpoint',
      model: {
        family: 'pixart',
        takes: { kind: 'texts', tokens: 120, width: 32, unconditional: 'empty text' },
        parts: { layout: 'pipeline', decoder: { path: 'vae', kind: 'AutoencoderKL' }, missing: [], passedOver: [] },
      },
    });
  });

  it('a pipeline that somebody downloaded half of: what is missing, and where it comes from', async () => {
    await cp(join(TINY, 'transformer'), inFolder('half/transformer'), { recursive: true });
    await cp(join(TINY, 'text_encoder'), inFolder('half/text_encoder'), { recursive: true });
    await cp(join(TINY, 'model_index.json'), inFolder('half/model_index.json'));
    const text = await inspected(inFolder('half'));
    expect(text).toContain('decoder           missing: stabilityai/sd-vae-ft-ema, into vae/\n');
    expect(text).toContain('tokenizer         missing: ships with the model, in tokenizer/\n');
    expect(text).toContain('\nto draw with it, once there is what reads texts\n');
    expect(await jsonOf(inFolder('half'))).toMatchObject({
      model: {
        parts: {
          encoder: { path: 'text_encoder' },
          missing: [
            { part: 'decoder', repository: 'stabilityai/sd-vae-ft-ema', into: 'vae/' },
            { part: 'tokenizer', into: 'tokenizer/' },
          ],
        },
      },
    });
  });

  it('parts that cannot be opened, and why', async () => {
    await cp(TINY, inFolder('broken'), { recursive: true });
    await truncate(inFolder('broken/vae/diffusion_pytorch_model.safetensors'), 5000);
    const shards = (await readdir(inFolder('broken/text_encoder'))).filter((name) => /-of-.*safetensors$/.test(name));
    await rm(inFolder('broken/text_encoder', shards[0]!));
    const text = await inspected(inFolder('broken'));
    expect(text).toMatch(/\ndecoder {11}vae \(AutoencoderKL\) cannot be opened:\s+\S/);
    expect(text).toMatch(/\nencoder {11}text_encoder \(T5EncoderModel\) cannot be opened:\s+\S/);
    expect(text).toContain('\nto draw with it, once there is what reads texts\n');
    expect(await jsonOf(inFolder('broken'))).toMatchObject({
      model: { parts: { broken: [{ part: 'decoder' }, { part: 'encoder' }], missing: [] } },
    });
  });

  it('a checkpoint of classes with a wrong autoencoder beside it', async () => {
    await mkdir(inFolder('dit/vae'), { recursive: true });
    await cp(join(FIXTURES, 'dit/model.safetensors'), inFolder('dit/DiT.safetensors'));
    await writeFile(inFolder('dit/vae/config.json'), '{"_class_name": "AutoencoderKL", "latent_channels": 16}');
    const text = await inspected(inFolder('dit/DiT.safetensors'), '--num-heads', '4');
    expect(text).toContain('decoder           missing: stabilityai/sd-vae-ft-ema, into vae/\n');
    expect(text).toMatch(/not its own +vae: its latents have 16 channels, and the model's\n? +have 4\n/);
    expect(text).toContain('--labels 0');
  });

  it('the parts of a pipeline without its transformer', async () => {
    for (const part of ['vae', 'tokenizer', 'model_index.json'])
      await cp(join(TINY, part), inFolder('parts', part), { recursive: true });
    expect(await inspected(inFolder('parts'))).toBe(
      [
        'is                a pipeline without its transformer, which others take their',
        '                  parts from',
        'decoder           vae (AutoencoderKL)',
        'tokenizer         tokenizer (tokenizer.json)',
        '',
      ].join('\n'),
    );
  });

  it.each<[string, string, readonly string[]]>([
    [
      'an autoencoder',
      'vae',
      ['is  +an autoencoder', 'supported  +yes, as autoencoder-kl', 'latent  +4 channels, scaled by 0.18215'],
    ],
    [
      'a text encoder in parts',
      'text_encoder',
      ['is  +a T5 text encoder', 'blocks  +3 of 3 heads', 'tokens  +32 wide, 416 of them'],
    ],
    ['a tokenizer', 'tokenizer', ['is  +a tokenizer', 'file  +tokenizer.json, Unigram', 'pieces  +400']],
    ['a tokenizer of SentencePiece', 'tokenizer/spiece.model', ['file  +spiece.model, of SentencePiece']],
    ['a tokenizer.json', 'tokenizer/tokenizer.json', ['pieces  +400']],
  ])('%s', async (_, path, lines) => {
    const text = await inspected(join(TINY, path));
    for (const line of lines) expect(text).toMatch(new RegExp(`(^|\\n)${line}`));
  });

  it('a file of embeddings', async () => {
    const tensors = new Map([['prompt_embeds', { shape: [2, 4, 3], data: new Float32Array(24) }]]);
    await writeFile(inFolder('texts.safetensors'), writeSafetensors(tensors));
    const text = await inspected(inFolder('texts.safetensors'));
    expect(text).toContain('is                embeddings of prompts, which take the place of a text encoder\n');
    expect(text).toContain('holds             prompt_embeds [2, 4, 3]\n');
  });

  it('an autoencoder that lacks tensors: why it cannot be used', async () => {
    const tensors = new Map([['decoder.conv_in.weight', { shape: [8, 4, 3, 3], data: new Float32Array(288) }]]);
    await writeFile(inFolder('half.safetensors'), writeSafetensors(tensors));
    expect(await inspected(inFolder('half.safetensors'))).toMatch(/\nnot supported {5}\S/);
  });

  it('the model of the zoo that draws texts, and its table of words', async () => {
    const text = await inspected('emoji-pixart');
    expect(text).toContain('\nsupported         yes, as pixart (original)\n');
    expect(text).toContain('\nencoder           beside the weights (words)\n');
    expect(text).not.toContain('missing');
    expect(text).toContain('  procache generate --prompt "noto doughnut" --model emoji-pixart\n');
  });
});
