/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { costOf, diffusionSteps, planOf, uncached } from '@procache/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesSource } from '../../checkpoint/byte-source.ts';
import type { Checkpoint, StoredTensor } from '../../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../checkpoint/open-checkpoint.ts';
import type { ConfigJson } from '../../config/fields.ts';
import { ModelConfig } from '../../config/model-config.ts';
import { openModel } from '../../open-model.ts';

const fixtures = new URL('../../../../conformance/fixtures/', import.meta.url);
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, fixtures)));
const opened = (name: string, as = name): Promise<Checkpoint> => openCheckpoint(bytesSource(as, bytesOf(name)));
let learned: Checkpoint; // 6 blocks, 48 wide, latents of 4x8x8, 10 classes; 8 channels of the last layer
let plain: Checkpoint; // 4 of them

beforeAll(async () => {
  learned = await opened('sit/learn-sigma/model.safetensors');
  plain = await opened('sit/no-sigma/model.safetensors');
});

const asSit = (checkpoint: Checkpoint, config: ConfigJson = {}) =>
  openModel(checkpoint, { num_heads: 4, family: 'sit', ...config });

describe('openModel, of a SiT', () => {
  it('opens where the config says so what is a DiT without', async () => {
    expect((await openModel(learned, { num_heads: 4 })).family).toBe('dit');
    expect((await openModel(learned, { num_heads: 4, family: 'dit' })).defaults.path).toBeUndefined();
    expect(await asSit(learned)).toMatchObject({
      family: 'sit',
      flavour: 'original',
      latent: { channels: 4, outChannels: 4, height: 8, width: 8 },
      takes: { kind: 'classes', count: 10, unconditional: 10 },
      defaults: { path: 'sit', sampler: 'euler', rule: 'uniform', prediction: 'velocity', guidanceChannels: 3 },
    });
  });

  it('drops in the graph what training learned of a variance', async () => {
    for (const checkpoint of [learned, plain]) {
      const model = await asSit(checkpoint);
      const [step] = planOf(uncached({ steps: 1 }), model.topology).steps;
      for (const { outputs } of [model.stepGraph([step!.program]), model.plainGraph()])
        expect(outputs.find(({ name }) => name === 'output')!.shape).toEqual(['images', 4, 8, 8]);
    }
    const asDit = await openModel(learned, { num_heads: 4 });
    expect(asDit.latent.outChannels).toBe(8);
    const costs = [asDit, await asSit(learned)].map(({ topology, cost }) =>
      costOf(planOf(uncached({ steps: 1 }), topology), cost, 1),
    );
    expect(costs[1]).toEqual(costs[0]); // what is dropped is computed
    await expect(asSit(learned, { guidance_channels: 5 })).rejects.toThrow(
      'guidance_channels is 5, not an integer from 1 to 4',
    );
    await expect(asSit(plain, { learn_sigma: true })).rejects.toThrow('learn_sigma is true, but the tensors say false');
  });

  it('is stepped through as its own code does, the time as it is', async () => {
    const model = await asSit(plain);
    const { timesteps } = diffusionSteps(4, model.defaults);
    expect(timesteps).toEqual([0, 0.25, 0.5, 0.75]);
    const { data, shape } = model.modulationRows(timesteps, [1]).inputs['timesteps']!;
    expect(shape).toEqual([4, 256]);
    expect(Number(data[256])).toBeCloseTo(Math.cos(0.25), 6); // the second row's highest frequency is 1
  });

  it('opens by a published name of its file, unless the config says otherwise', async () => {
    const named = async (file: string, config: ConfigJson = {}) => {
      const checkpoint = await opened('sit/learn-sigma/model.safetensors', file);
      return (await openModel(checkpoint, { num_heads: 4, ...config })).family;
    };
    for (const file of ['SiT-XL-2-256.pt', 'SiT-XL-2-256x256.pt', 'my_SiT-B-4.safetensors'])
      expect(await named(file)).toBe('sit');
    for (const file of ['DiT-XL-2-256x256.pt', 'my-visit.pt', 'SiTuation.pt', 'TRANSiT-XL-2.pt', 'model.safetensors'])
      expect(await named(file)).toBe('dit');
    expect(await named('SiT-XL-2-256.pt', { family: 'dit' })).toBe('dit');
    expect(await named('SiT-XL-2-256.pt', { prediction: 'epsilon' })).toBe('dit');
    expect(await named('SiT-XL-2-256.pt', { prediction: 'velocity' })).toBe('sit');
  });

  it.each([
    [{ prediction: 'epsilon' }, 'config.json: prediction is "epsilon", which is not supported; supported are velocity'],
    [{ path_type: 'GVP' }, 'config.json: path_type is "GVP", which is not supported; supported are Linear'],
    [{ sampler: 'ddpm' }, 'config.json: sampler is "ddpm", but the model\'s path is straight'],
    [{ flavour: 'diffusers' }, 'config.json: flavour is "diffusers", which is another kind of DiT'],
    [{ activation_fn: 'geglu' }, 'config.json: activation_fn is "geglu", which is not supported'],
  ])('refuses what it does not compute: %o', async (config, message) => {
    await expect(asSit(learned, config)).rejects.toThrow(message);
  });

  it('refuses names of diffusers, the scheduler of a pipeline, and files that are not complete', async () => {
    const diffusers = await opened('modules/dit/diffusion_pytorch_model.safetensors');
    await expect(asSit(diffusers)).rejects.toThrow(
      /^the tensors have the names of diffusers \(.*\), under which no SiT is known/,
    );
    const config = ModelConfig.parse({ config: '{"num_heads": 4, "family": "sit"}', scheduler: '{}' });
    await expect(openModel(plain, config)).rejects.toThrow(
      'scheduler_config.json: a SiT is drawn with as its own code does',
    );
    const tensors = new Map<string, StoredTensor>(plain.tensors);
    tensors.delete('blocks.3.mlp.fc2.bias');
    await expect(asSit({ ...plain, tensors })).rejects.toThrow(
      'tensor blocks.3.mlp.fc2.bias is missing; the file is not a complete SiT checkpoint',
    );
  });

  it('is not what a file of other tensors becomes', async () => {
    const [first] = plain.tensors.values();
    const tensors = new Map([['some.weight', first!]]);
    await expect(asSit({ ...plain, tensors })).rejects.toThrow(
      'the one tensor is not of a supported model (some.weight)',
    );
  });
});
