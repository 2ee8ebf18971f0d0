import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixture, largestDifference, largestMagnitude, tensorsOf } from '@procache/conformance';
import { diffusionSteps, generate, planOf, uncached } from '@procache/core';
import { guidanceOf, openCheckpoint, weightsTaken } from '@procache/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFile } from './file-source.ts';
import { openTransformer } from './transformer.ts';

// The right latents are those of DiT's own code with the averaged weights, for labels 1, 2 and 3, guidance 4 and seeds
// 0 to 2.

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'procache-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function draw(path: string): Promise<Float32Array> {
  const transformer = await openTransformer(path, { threads: 1, config: { num_heads: 2 } });
  const { model, topology } = transformer;
  const options = {
    plan: planOf(uncached({ steps: 4 }), topology),
    steps: diffusionSteps(4, model.defaults),
    guidance: guidanceOf(model, 4),
  };
  const { latents } = await generate(transformer, { ...options, conditions: [1, 2, 3] });
  await transformer.dispose();
  return latents;
}

describe.each([
  ['06-name-prefixes', ['module.safetensors', '_orig_mod.safetensors']],
  ['07-ema-under-other-keys', ['ema_state_dict.pt', 'state_dict_ema.pt']],
  ['08-harmless-pickles', ['bytearray.pt', 'complex.pt', 'unused-sparse.pt']],
] as const)('%s', (name, files) => {
  it.each(files)('draws the right latents from %s', async (file) => {
    const expected = await (await tensorsOf(`cases/${name}/expected.safetensors`)).floats('latents');
    const drawn = await draw(fixture(`cases/${name}/${file}`));
    expect(largestDifference(drawn, expected) / largestMagnitude(expected)).toBeLessThanOrEqual(1e-6);
  });
});

it.each([
  ['07-ema-under-other-keys/ema_state_dict.pt', "'ema_state_dict' (passed over: 'model_state_dict')"],
  ['07-ema-under-other-keys/state_dict_ema.pt', "'state_dict_ema' (passed over: 'state_dict')"],
  ['06-name-prefixes/_orig_mod.safetensors', "names after '_orig_mod.'"],
])('says which weights of %s it takes', async (path, taken) => {
  const source = await openFile(fixture(`cases/${path}`));
  expect(weightsTaken(await openCheckpoint(source))).toBe(taken);
  await source.close();
});

it('finds a weight that was damaged on its way', async () => {
  const path = join(folder, 'damaged.pt');
  await copyFile(fixture('cases/08-harmless-pickles/unused-sparse.pt'), path);
  const source = await openFile(path);
  const { offset } = (await openCheckpoint(source)).tensors.get('blocks.0.attn.qkv.weight')!;
  await source.close();
  const bytes = await readFile(path);
  bytes[offset + 100]! ^= 64;
  await rm(path);
  await writeFile(path, bytes);
  await expect(draw(path)).rejects.toThrow(
    new RegExp(
      "^damaged\\.pt: 'x-unused-sparse/data/\\d+' has the checksum [0-9a-f]{8} but [0-9a-f]{8} is noted for it; " +
        'the file is damaged, download it again$',
    ),
  );
});
