import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixture, largestDifference, tensorsOf } from '@procache/conformance';
import { diffusionSteps, generate, planOf, uncached } from '@procache/core';
import { readFloats, writeSafetensors } from '@procache/model';
import { zooModel } from '@procache/zoo';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModelFiles } from './model-files.ts';
import { openTransformer } from './transformer.ts';

let folder: string;
const steps = diffusionSteps(3);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'procache-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A folder of that name with copies of files. */
async function folderWith(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const made = join(folder, name);
  await mkdir(made, { recursive: true });
  for (const [target, source] of Object.entries(files)) {
    await mkdir(join(made, target, '..'), { recursive: true });
    await copyFile(fixture(source), join(made, target));
  }
  return made;
}

/** The latents that a model draws, to compare ways of opening it. */
async function draw(path: string, config = {}): Promise<Float32Array> {
  const transformer = await openTransformer(path, { threads: 1, config });
  const { latents } = await generate(transformer, {
    plan: planOf(uncached({ steps: 3 }), transformer.topology),
    steps,
    conditions: [1],
    seeds: [3],
  });
  await transformer.dispose();
  return latents;
}

describe('openModelFiles', () => {
  it('opens a diffusers pipeline folder, and takes the names of the classes from its index', async () => {
    const pipeline = await folderWith('pipeline', {
      'transformer/diffusion_pytorch_model.safetensors': 'modules/dit/diffusion_pytorch_model.safetensors',
      'transformer/config.json': 'modules/dit/config.json',
    });
    const id2label = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [i, `class ${i}, another name`]));
    await writeFile(join(pipeline, 'model_index.json'), JSON.stringify({ _class_name: 'DiTPipeline', id2label }));
    const opened = await openModelFiles(pipeline);
    const { takes } = opened.model;
    expect(takes.kind === 'classes' && takes.names?.[3]).toEqual(['class 3', 'another name']);
    await opened.close();
  });

  it("takes the noise schedule from a pipeline's scheduler, and refuses a prediction that is not known", async () => {
    const pipeline = await folderWith('scheduled', {
      'transformer/diffusion_pytorch_model.safetensors': 'modules/dit/diffusion_pytorch_model.safetensors',
      'transformer/config.json': 'modules/dit/config.json',
    });
    await writeFile(join(pipeline, 'model_index.json'), '{"_class_name": "DiTPipeline"}');
    await mkdir(join(pipeline, 'scheduler'));
    const schedule = (fields: object) =>
      writeFile(join(pipeline, 'scheduler', 'scheduler_config.json'), JSON.stringify(fields));
    await schedule({
      _class_name: 'DDIMScheduler',
      num_train_timesteps: 500,
      beta_schedule: 'scaled_linear',
      beta_end: 0.012,
      prediction_type: 'epsilon',
    });
    const opened = await openModelFiles(pipeline);
    expect(opened.model.defaults).toMatchObject({
      trainTimesteps: 500,
      betaSchedule: 'scaled_linear',
      betaStart: 1e-4,
      betaEnd: 0.012,
    });
    await opened.close();
    await schedule({ prediction_type: 'v_prediction' });
    const ofVelocity = await openModelFiles(pipeline);
    expect(ofVelocity.model.defaults).toMatchObject({ prediction: 'velocity', trainTimesteps: 1000 });
    await ofVelocity.close();
    await schedule({ prediction_type: 'flow_prediction' });
    await expect(openModelFiles(pipeline)).rejects.toThrow(
      'prediction_type is "flow_prediction", which is not supported; supported are epsilon',
    );
  });

  it('opens weights behind links, as download caches lay them out', async () => {
    const blobs = await folderWith('blobs', { abc123: 'dit/model.safetensors' });
    const snapshot = join(folder, 'snapshot');
    await mkdir(snapshot);
    await symlink(join(blobs, 'abc123'), join(snapshot, 'model.safetensors'));
    await writeFile(join(snapshot, 'config.json'), '{"num_heads": 4}');
    expect(await draw(snapshot)).toEqual(await draw(fixture('dit/model.safetensors'), { num_heads: 4 }));
  });

  it('a torch file draws what the safetensors file of the same weights draws', async () => {
    const config = { num_heads: 4 };
    expect(await draw(fixture('checkpoints/plain.pt'), config)).toEqual(
      await draw(fixture('dit/model.safetensors'), config),
    );
  });

  it('says what is wrong with the path', async () => {
    await expect(openModelFiles(join(folder, 'nowhere'))).rejects.toThrow(
      /nowhere: there is no such file or folder; give a checkpoint file/,
    );
    await mkdir(join(folder, 'empty'));
    await expect(openModelFiles(join(folder, 'empty'))).rejects.toThrow(
      /empty: the folder holds no checkpoint; name the file itself/,
    );
    const two = await folderWith('two', {
      'a.safetensors': 'dit/model.safetensors',
      'b.safetensors': 'dit/model.safetensors',
    });
    await expect(openModelFiles(two)).rejects.toThrow(
      /holds 2 checkpoints \(a.safetensors, b.safetensors\); name the file itself/,
    );
    await writeFile(join(two, 'config.json'), '{"num_heads": 4');
    await expect(openModelFiles(join(two, 'a.safetensors'))).rejects.toThrow(
      'config.json, line 1, column 16: this is not JSON: ',
    );
  });
});

describe('half precision', () => {
  it('draws what the same weights widened beforehand draw', async () => {
    const zoo = zooModel('fashion-dit').folder;
    const opened = await openModelFiles(zoo);
    const { checkpoint } = opened;
    expect([...checkpoint.tensors.values()].every(({ type }) => type === 'F16')).toBe(true);
    const widened = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const tensor of checkpoint.tensors.values())
      widened.set(tensor.name, { shape: tensor.shape, data: await readFloats(tensor) });
    await opened.close();
    const wide = join(folder, 'wide');
    await mkdir(wide);
    await writeFile(join(wide, 'model.safetensors'), writeSafetensors(widened));
    await writeFile(join(wide, 'config.json'), await readFile(join(zoo, 'config.json')));
    expect(largestDifference(await draw(zoo), await draw(wide))).toBeLessThanOrEqual(1e-6);
  });

  it('half and bfloat16 torch files hold the widened values', async () => {
    const exact = await tensorsOf('dit/model.safetensors');
    for (const [name, tolerance] of [
      ['half', 2 ** -10],
      ['bfloat16', 2 ** -7],
    ] as const) {
      const rounded = await tensorsOf(`checkpoints/${name}.pt`);
      for (const tensor of rounded.names) {
        const [a, b] = [await exact.floats(tensor), await rounded.floats(tensor)];
        expect(largestDifference(a, b), tensor).toBeLessThanOrEqual(tolerance * Math.max(...a.map(Math.abs)));
      }
    }
  });
});
