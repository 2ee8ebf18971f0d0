/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import type { Checkpoint, StoredTensor } from '../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { openModel } from '../open-model.ts';

const fixtures = new URL('../../../conformance/fixtures/', import.meta.url);
const openFixture = (name: string): Promise<Checkpoint> =>
  openCheckpoint(bytesSource(name, new Uint8Array(readFileSync(new URL(name, fixtures)))));
let original: Checkpoint; // 28 blocks, 32 wide
let diffusers: Checkpoint;
const heads = { num_heads: 4 };
const size = { num_attention_heads: 4, sample_size: 8 };

beforeAll(async () => {
  original = await openFixture('dit/model.safetensors');
  diffusers = await openFixture('modules/dit/diffusion_pytorch_model.safetensors');
});

/** The checkpoint without the tensors that match, and with others, whose shapes are given. */
function altered(
  { tensors, ...rest }: Checkpoint,
  without: RegExp,
  others: Readonly<Record<string, readonly number[]>> = {},
): Checkpoint {
  const [some] = tensors.values();
  const kept = [...tensors].filter(([name]) => !without.test(name));
  const added = Object.entries(others).map(([name, shape]): [string, StoredTensor] => [
    name,
    { ...some!, name, shape, strides: shape.map(() => 1) },
  ]);
  return { ...rest, tensors: new Map([...kept, ...added]) };
}

/** No name matches. */
const NONE = /^$/;

describe('block numbers', () => {
  it('have no gap, as a depth that ends at one would draw something else', async () => {
    await expect(
      openModel(await openFixture('cases/02-block-missing-in-the-middle/model.safetensors'), { num_heads: 2 }),
    ).rejects.toThrow('the file holds blocks 0, 1 and 3, but no 2; it is not a complete checkpoint, download it again');
  });

  it.each([
    [/^blocks\.0\./, 'the file holds blocks 1 to 27, but no 0;'],
    [/^blocks\.(2|3|5)\./, 'the file holds blocks 0, 1, 4 and 6 to 27, but no 2, 3 and 5;'],
    [/^blocks\.1?\d\./, 'the file holds blocks 20 to 27, but no 0 to 19;'],
  ])('without %s', async (without, message) => {
    await expect(openModel(altered(original, without), heads)).rejects.toThrow(message);
    const names = new RegExp(without.source.replace('blocks', 'transformer_blocks'));
    if (without.source.includes('0'))
      await expect(openModel(altered(diffusers, names), size)).rejects.toThrow(/the file holds blocks .* but no 0/);
  });

  it('that leave a hole of any size cost no more than their names', async () => {
    const far = altered(original, NONE, { 'blocks.999999999.attn.qkv.bias': [96] });
    await expect(openModel(far, heads)).rejects.toThrow('blocks 0 to 27 and 999999999, but no 28 to 999999998');
  });
});

describe('tensors that a DiT does not use', () => {
  it('of a SiT trained with REPA say that its time runs the other way round', async () => {
    await expect(
      openModel(await openFixture('cases/01-tensors-left-unused/repa.safetensors'), { num_heads: 2 }),
    ).rejects.toThrow(
      'these are the weights of a SiT trained with REPA: its time runs from image to noise, the other way round',
    );
  });

  it.each([
    [
      { 'blocks.3.norm1.weight': [32], 'blocks.3.norm1.bias': [32] },
      'has blocks.3.norm1.weight, blocks.3.norm1.bias, which the arithmetic of a DiT does not use',
    ],
    [{ 'final_layer.norm_final.weight': [32] }, 'has final_layer.norm_final.weight, which'],
    [{ 'feat_rope.freqs_cos': [64, 8], 'rope.freqs': [4] }, 'has feat_rope.freqs_cos, rope.freqs, which'],
    [{ 'blocks.00.attn.qkv.bias': [96] }, 'has blocks.00.attn.qkv.bias, which'],
    [{ 'blocks.1.ls1.gamma': [32], a: [1], b: [1], c: [1] }, 'has blocks.1.ls1.gamma, a and 2 more tensors, which'],
    [{ 'x\u001b[2J': [1] }, 'has x\\u{1b}[2J, which'],
    [{ step: [2] }, 'has step, which'],
  ])('are refused by name: %o', async (others, message) => {
    await expect(openModel(altered(original, NONE, others), heads)).rejects.toThrow(`the file ${message}`);
    await expect(openModel(altered(original, NONE, others), heads)).rejects.toThrow(
      'it is another kind of DiT, which is not supported',
    );
  });

  it("of diffusers' learned normalisation are refused", async () => {
    const affine = { 'transformer_blocks.0.norm3.weight': [32], 'transformer_blocks.0.norm3.bias': [32] };
    await expect(openModel(altered(diffusers, NONE, affine), size)).rejects.toThrow(
      'has transformer_blocks.0.norm3.weight, transformer_blocks.0.norm3.bias, which',
    );
  });

  it('and are known not to change an image may be left over', async () => {
    const harmless = {
      't_embedder.freqs': [128],
      freqs: [128],
      num_updates: [],
      'ema.decay': [1],
      n_averaged: [1],
      'blocks.0.num_batches_tracked': [],
    };
    const model = await openModel(altered(original, NONE, harmless), heads);
    expect(model.parameters).toBe((await openModel(original, heads)).parameters);
    await openModel(altered(diffusers, NONE, { 'pos_embed.pos_embed': [1, 16, 32] }), size);
  });

  it('may be of a kind that cannot be read, as long as none of them is needed', async () => {
    const of = (name: string) => {
      const tensor = original.tensors.get(name) ?? [...original.tensors.values()][0]!;
      return {
        ...original,
        tensors: new Map([...original.tensors, [name, { ...tensor, name, unread: 'its values are sparse' }]]),
      };
    };
    await expect(openModel(of('x_embedder.proj.bias'), heads)).rejects.toThrow(
      'tensor x_embedder.proj.bias: its values are sparse',
    );
  });
});

describe('tensors that are missing', () => {
  it.each([
    [
      /\.attn\.qkv\.bias$/,
      {},
      'the file lacks blocks.0.attn.qkv.bias, blocks.1.attn.qkv.bias and 26 more tensors: it is another kind of DiT',
    ],
    [
      /\.mlp\.fc1\./,
      { 'blocks.0.mlp.w12.weight': [256, 32] },
      'the file has blocks.0.mlp.w12.weight, which the arithmetic of a DiT does not use, and lacks ' +
        'blocks.0.mlp.fc1.weight, blocks.0.mlp.fc1.bias and 54 more tensors: it is another kind of DiT',
    ],
    [/^x_embedder\.proj\.bias$/, {}, 'the file lacks x_embedder.proj.bias: it is another kind of DiT'],
    [
      /^blocks\.5\.mlp\.fc2\.bias$/,
      {},
      'tensor blocks.5.mlp.fc2.bias is missing; the file is not a complete DiT checkpoint, download it again',
    ],
    [
      /^final_layer\./,
      {},
      'tensors final_layer.adaLN_modulation.1.weight, final_layer.adaLN_modulation.1.bias and 2 more tensors ' +
        'are missing; the file is not complete',
    ],
    [/^t_embedder\.mlp\.2\.weight$/, {}, 'tensor t_embedder.mlp.2.weight is missing; the file is not a complete'],
  ])('%s', async (without, others, message) => {
    await expect(openModel(altered(original, without, others), heads)).rejects.toThrow(
      message.replace('not complete', 'not a complete'),
    );
  });

  it("say nothing of attention in diffusers' models without biases there", async () => {
    await expect(
      openModel(altered(diffusers, /attn1\.to_[qkv]\.bias$/), { ...size, attention_bias: false }),
    ).rejects.toThrow(/the file lacks transformer_blocks\.0\.attn1\.to_q\.bias, .* it is another kind of DiT/);
  });

  it('of a normalisation of heads without shifts are those of another kind', async () => {
    const norms = Object.fromEntries(
      Array.from({ length: 28 }, (_, i) =>
        ['q', 'k'].map((part) => [`blocks.${i}.attn.${part}_norm.weight`, [8]]),
      ).flat(),
    );
    await expect(openModel(altered(original, NONE, norms as Record<string, number[]>), heads)).rejects.toThrow(
      /the file lacks blocks\.0\.attn\.q_norm\.bias, .* it is another kind of DiT/,
    );
  });
});
