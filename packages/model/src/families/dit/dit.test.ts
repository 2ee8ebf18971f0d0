/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { diffusionSteps, planOf, uncached } from '@procache/core';
import { bytesSource } from '../../checkpoint/byte-source.ts';
import type { Checkpoint, StoredTensor } from '../../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../checkpoint/open-checkpoint.ts';
import { openModel } from '../../open-model.ts';
import type { ConfigJson } from '../../config/fields.ts';

const fixtures = new URL('../../../../conformance/fixtures/', import.meta.url);
const openFixture = (name: string): Promise<Checkpoint> =>
  openCheckpoint(bytesSource(name, new Uint8Array(readFileSync(new URL(name, fixtures)))));
let original: Checkpoint;
let diffusers: Checkpoint;
let diffusersConfig: ConfigJson;

beforeAll(async () => {
  original = await openFixture('dit/model.safetensors');
  diffusers = await openFixture('modules/dit/diffusion_pytorch_model.safetensors');
  diffusersConfig = JSON.parse(readFileSync(new URL('modules/dit/config.json', fixtures), 'utf8')) as ConfigJson;
});

/** The same checkpoint with tensors taken out or replaced. */
function altered(
  { tensors, ...rest }: Checkpoint,
  changes: Readonly<Record<string, Partial<StoredTensor> | undefined>>,
): Checkpoint {
  const entries = [...tensors].flatMap(([name, tensor]): [string, StoredTensor][] => {
    if (!(name in changes)) return [[name, tensor]];
    return changes[name] ? [[name, { ...tensor, ...changes[name] }]] : [];
  });
  return { ...rest, tensors: new Map(entries) };
}

describe('openModel, of an original DiT', () => {
  it('reads the extents from the shapes of the tensors', async () => {
    const model = await openModel(original, { num_heads: 4 });
    expect(model).toMatchObject({
      family: 'dit',
      flavour: 'original',
      latent: { channels: 4, outChannels: 8, height: 16, width: 16 },
      stream: { tokens: 64, width: 32, entries: 28 * 6 + 2 },
      takes: { kind: 'classes', count: 10, unconditional: 10, names: undefined },
      defaults: { rule: 'original', guidanceChannels: 3, trainTimesteps: 1000, betaSchedule: 'linear' },
    });
    expect(model.topology.blocks).toHaveLength(28);
    expect(model.topology.grid).toEqual([8, 8]);
    expect(model.gateOf('21.mlp')).toBe(21 * 6 + 5);
  });

  it('takes the sides of a latent that is not square from the config', async () => {
    const of = (inputSize: unknown) => openModel(original, { num_heads: 4, input_size: inputSize });
    expect((await of([8, 32])).topology.grid).toEqual([4, 16]);
    expect((await of([8, 32])).latent).toMatchObject({ height: 8, width: 32 });
    expect((await of([16, 16])).topology.grid).toEqual((await of(16)).topology.grid);
    for (const [wrong, shown] of [
      [[8, 16], '[8,16]'],
      [[7, 32], '[7,32]'],
      [[8, 32, 1], '[8,32,1]'],
      [['8', null], '["8",null]'],
    ] as const) {
      await expect(of(wrong)).rejects.toThrow(
        `config.json: input_size is ${shown}, but tensor pos_embed holds 64 positions of patches of 2; ` +
          'give [height, width]',
      );
    }
    const shorter = altered(original, { pos_embed: { shape: [1, 60, 32] } });
    await expect(openModel(shorter, { num_heads: 4 })).rejects.toThrow(
      'tensor pos_embed holds 60 positions, which is not a square; ' +
        'put a config.json with "input_size": [height, width] beside the file',
    );
  });

  it('asks for the heads, which the tensors of an unpublished size do not tell', async () => {
    await expect(openModel(original)).rejects.toThrow(
      /number of attention heads of a DiT 32 wide; put a config.json with "num_heads" beside the file/,
    );
  });

  it('says which tensor is missing, and which has the wrong shape', async () => {
    const config = { num_heads: 4 };
    await expect(openModel(altered(original, { 'blocks.3.mlp.fc2.bias': undefined }), config)).rejects.toThrow(
      /tensor blocks.3.mlp.fc2.bias is missing/,
    );
    await expect(openModel(altered(original, { 'blocks.3.mlp.fc2.bias': { shape: [31] } }), config)).rejects.toThrow(
      /blocks.3.mlp.fc2.bias has shape \[31\], but the other tensors call for \[32\]/,
    );
  });

  it('refuses a config that belongs to other weights', async () => {
    await expect(openModel(original, { num_heads: 4, depth: 12 })).rejects.toThrow(
      'config.json: depth is 12, but the tensors say 28',
    );
    await expect(openModel(original, { num_heads: 5 })).rejects.toThrow('5 heads do not divide the width of 32');
    await expect(openModel(original, { num_heads: 'four' })).rejects.toThrow(
      'config.json: num_heads is "four", not an integer from 1 to 32',
    );
    await expect(openModel(original, { num_heads: 4, classes: Array(12).fill('a') })).rejects.toThrow(
      'config.json: classes: there are names of 12 classes, but the model has 11',
    );
    await expect(openModel(original, { num_heads: 4, beta_schedule: 'cosine' })).rejects.toThrow(
      'beta_schedule is "cosine", which is not supported',
    );
  });

  it('keeps the weights where they are: graphs refer to the file', async () => {
    const model = await openModel(original, { num_heads: 4 });
    const [step] = planOf(uncached({ steps: 1 }), model.topology).steps;
    const graph = model.stepGraph([step!.program]);
    expect([...graph.files.keys()]).toEqual(['dit/model.safetensors']);
    expect(graph.bytes.length).toBeLessThan(graph.weightBytes / 4);
  });
});

describe('openModel, of a diffusers DiT', () => {
  it('tells the flavour and its arithmetic', async () => {
    const model = await openModel(diffusers, diffusersConfig);
    expect(model).toMatchObject({
      flavour: 'diffusers',
      latent: { channels: 4, outChannels: 8, height: 8, width: 8 },
      takes: { kind: 'classes', count: 10, unconditional: 10 },
      defaults: { rule: 'leading', guidanceChannels: 4 },
    });
  });

  it('is stepped through by its own rule with its defaults alone', async () => {
    const { defaults } = await openModel(diffusers, diffusersConfig);
    expect(diffusionSteps(5, defaults).timesteps).toEqual([800, 600, 400, 200, 0]);
    expect(diffusionSteps(5, (await openModel(original, { num_heads: 4 })).defaults).timesteps).toEqual([
      999, 749, 500, 250, 0,
    ]);
  });

  it('asks for the config that tells the image size', async () => {
    await expect(openModel(diffusers, { num_attention_heads: 4 })).rejects.toThrow(
      /put its config.json with "sample_size" beside it/,
    );
  });
});

describe('openModel, of anything else', () => {
  const holding = (...names: string[]): Checkpoint => {
    const tensor = [...original.tensors.values()][0]!;
    return {
      format: 'safetensors',
      metadata: new Map(),
      tensors: new Map(names.map((name) => [name, { ...tensor, name }])),
    };
  };

  it('names what the file probably is', async () => {
    await expect(openModel(holding('caption_norm.weight'))).rejects.toThrow(
      'these are the weights of a Sana or LTX transformer, which is not supported',
    );
    await expect(openModel(holding('double_blocks.0.img_attn.qkv.weight'))).rejects.toThrow('a FLUX transformer');
    await expect(openModel(holding('some.weight', 'other.weight'))).rejects.toThrow(
      'the 2 tensors are not of a supported model (some.weight, other.weight); supported',
    );
  });
});
