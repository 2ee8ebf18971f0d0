import { describe, expect, it, test } from 'vitest';
import { chooseWeightFiles } from './weight-files.ts';

const chosen = (names: readonly string[], inner: Readonly<Record<string, readonly string[]>> = {}) =>
  chooseWeightFiles('dir', names, new Map(Object.entries(inner)));

test.each([
  ['last.ckpt', ['last.ckpt']],
  ['ep.pth.tar', ['ep.pth.tar', 'log.txt', 'args.json']],
  ['0400000.PT', ['0400000.PT']],
  [
    'model.safetensors',
    ['optimizer.bin', 'scheduler.bin', 'random_states_0.pkl', 'model.safetensors', 'model_ema.safetensors'],
  ],
  ['pytorch_model.bin', ['training_args.bin', 'rng_state.pth', 'optimizer.pt', 'scaler.pt', 'pytorch_model.bin']],
  ['weights.pt', ['optimizer.pt', 'weights.pt', '._weights.pt', '.DS_Store']],
  [
    'diffusion_pytorch_model.safetensors',
    ['diffusion_pytorch_model.bin', 'diffusion_pytorch_model.safetensors', 'diffusion_pytorch_model.fp16.safetensors'],
  ],
  [
    'diffusion_pytorch_model.fp16.safetensors',
    ['diffusion_pytorch_model.fp16.safetensors', 'diffusion_pytorch_model.fp16.bin'],
  ],
  ['diffusion_pytorch_model.bin', ['diffusion_pytorch_model.bin', 'diffusion_pytorch_model.fp16.safetensors']],
  [
    'diffusion_pytorch_model.safetensors.index.json',
    [
      'diffusion_pytorch_model-00001-of-00002.safetensors',
      'diffusion_pytorch_model-00002-of-00002.safetensors',
      'diffusion_pytorch_model.safetensors.index.json',
    ],
  ],
  [
    'diffusion_pytorch_model.safetensors.index.fp16.json',
    [
      'diffusion_pytorch_model.fp16-00001-of-00002.safetensors',
      'diffusion_pytorch_model.fp16-00002-of-00002.safetensors',
      'diffusion_pytorch_model.safetensors.index.fp16.json',
    ],
  ],
  [
    'diffusion_pytorch_model.bin.index.json',
    [
      'diffusion_pytorch_model-00001-of-00002.bin',
      'diffusion_pytorch_model-00002-of-00002.bin',
      'diffusion_pytorch_model.bin.index.json',
    ],
  ],
  [
    'mine.safetensors.index.json',
    ['mine-00001-of-00002.safetensors', 'mine-00002-of-00002.safetensors', 'mine.safetensors.index.json'],
  ],
  ['mine-00001-of-00001.safetensors', ['mine-00001-of-00001.safetensors']],
])('%s is the one', (weights, names) => {
  expect(chosen(names)).toBe(weights);
  expect(chosen(names.toReversed())).toBe(weights);
});

describe('what is not clear is refused', () => {
  it('where there are several', () => {
    expect(() => chosen(['a.pt', 'b.ckpt', 'c.bin', 'd.pth', 'e.pth.tar'])).toThrow(
      'dir: the folder holds 5 checkpoints (a.pt, b.ckpt, c.bin, d.pth and 1 more); ' +
        'name the file itself (.safetensors, .pt, .pth, .bin or .ckpt)',
    );
    expect(() => chosen(['model.fp16.safetensors', 'model.ema.safetensors'])).toThrow(
      'holds 2 variants of the weights (model.fp16.safetensors, model.ema.safetensors); name the file itself',
    );
  });

  it('where parts lie without their index', () => {
    expect(() => chosen(['m-00001-of-00003.safetensors', 'm-00003-of-00003.safetensors'])).toThrow(
      'dir: the folder holds 2 of 3 parts of a checkpoint (m-00001-of-00003.safetensors, ' +
        'm-00003-of-00003.safetensors), but not the index that lists them; download the .index.json too',
    );
  });

  it('where there is none, and says where there is one', () => {
    expect(() => chosen(['config.json', 'optimizer.pt'])).toThrow(
      'dir: the folder holds no checkpoint; name the file itself',
    );
    expect(() => chosen([], { logs: ['x.txt'], checkpoints: ['0100000.pt', '0200000.pt'], ema: ['a.ckpt'] })).toThrow(
      'holds no checkpoint itself, only in the folders checkpoints, ema; name the file itself',
    );
  });
});
