import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fixture } from '@procache/conformance';
import { diffusionSteps, generate, planOf, uncached } from '@procache/core';
import { readFloats, writeSafetensors } from '@procache/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locate } from './locate.ts';
import { openCheckpointFiles, openModelFiles } from './model-files.ts';
import { OpenFiles } from './node-folder.ts';
import { openTransformer } from './transformer.ts';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'procache-locate-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Makes files that say where they are, and the folders that they lie in. */
async function make(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), path);
  }
}

/** Where the weights, the config and the pipeline of a model are found. */
const located = async (path: string) => {
  const files = new OpenFiles();
  const { folder: own, weights, pipeline } = await locate(at(path), files);
  await own.open(weights);
  const config = await own.open('config.json');
  await files.close();
  const short = (found: string | undefined) => found?.replace(`${folder}/`, '');
  const bytes = await config?.read(0, config.size);
  return [short(join(own.name, weights)), bytes && new TextDecoder().decode(bytes), short(pipeline?.name)];
};

describe("a model's folder in the cache of Hugging Face", () => {
  it('is the snapshot that refs/main asks for', async () => {
    await make(
      'hub/models--a--b/snapshots/1f/transformer/diffusion_pytorch_model.safetensors',
      'hub/models--a--b/snapshots/1f/model_index.json',
      'hub/models--a--b/snapshots/2e/model.safetensors',
    );
    await mkdir(at('hub/models--a--b/refs'));
    await writeFile(at('hub/models--a--b/refs/main'), '1f\n');
    const expected = [
      'hub/models--a--b/snapshots/1f/transformer/diffusion_pytorch_model.safetensors',
      undefined,
      'hub/models--a--b/snapshots/1f',
    ];
    expect(await located('hub/models--a--b')).toEqual(expected);
    expect(await located('hub/models--a--b/snapshots')).toEqual(expected);
    expect(await located('hub/models--a--b/snapshots/2e')).toEqual([
      'hub/models--a--b/snapshots/2e/model.safetensors',
      undefined,
      undefined,
    ]);
    await expect(locate(at('hub'), new OpenFiles())).rejects.toThrow(
      'hub: this is a cache of models (models--a--b); name one of these folders',
    );
  });

  it('without refs/main is its only snapshot', async () => {
    await make('models--only/snapshots/3c/last.ckpt', 'models--only/snapshots/3c/config.json', 'models--only/blobs/3');
    expect(await located('models--only')).toEqual([
      'models--only/snapshots/3c/last.ckpt',
      'models--only/snapshots/3c/config.json',
      undefined,
    ]);
    await make('models--only/snapshots/4d/last.ckpt');
    await expect(locate(at('models--only'), new OpenFiles())).rejects.toThrow(
      'models--only: it does not say which snapshot is meant (refs/main is missing); ' +
        'of its snapshots (3c, 4d) name the folder of one, or download the model again',
    );
  });

  it.each([
    ['5e', 'which is not there'],
    ['../../elsewhere', 'which is not there'],
    ['', 'which is not there'],
    ['\u001b[2J', '\\u{1b}[2J, which is not there'],
  ])('whose refs/main says %j is refused', async (main, problem) => {
    await make('models--x/snapshots/1/model.safetensors');
    await mkdir(at('models--x/refs'), { recursive: true });
    await writeFile(at('models--x/refs/main'), main);
    await expect(locate(at('models--x'), new OpenFiles())).rejects.toThrow(problem);
  });
});

describe('a pipeline', () => {
  it('is found around its transformer, which is named by its folder or file', async () => {
    await make(
      'pipe/model_index.json',
      'pipe/scheduler/scheduler_config.json',
      'pipe/transformer/config.json',
      'pipe/transformer/diffusion_pytorch_model.safetensors',
    );
    const expected = ['pipe/transformer/diffusion_pytorch_model.safetensors', 'pipe/transformer/config.json', 'pipe'];
    expect(await located('pipe')).toEqual(expected);
    expect(await located('pipe/transformer')).toEqual(expected);
    expect(await located('pipe/transformer/diffusion_pytorch_model.safetensors')).toEqual(expected);
  });

  it('is one without its index too, where a scheduler lies beside the transformer', async () => {
    await make('bare/scheduler/scheduler_config.json', 'bare/transformer/model.safetensors');
    expect(await located('bare')).toEqual(['bare/transformer/model.safetensors', undefined, 'bare']);
  });

  it('without its transformer is refused', async () => {
    await make('half/model_index.json');
    await expect(locate(at('half'), new OpenFiles())).rejects.toThrow(
      'transformer: there is no such folder, though the pipeline around it needs one; download the transformer too',
    );
  });
});

describe('links', () => {
  it('are followed to the config and shards beside what they lead to, unless some lie beside the link', async () => {
    await make('real/model.safetensors', 'real/config.json');
    await mkdir(at('links'));
    await symlink(at('real/model.safetensors'), at('links/here.safetensors'));
    expect(await located('links/here.safetensors')).toEqual(['links/here.safetensors', 'real/config.json', undefined]);
    await make('links/config.json');
    expect(await located('links/here.safetensors')).toEqual(['links/here.safetensors', 'links/config.json', undefined]);
    await cp(fixture('cases/11-sharded-variants/fp16'), at('shards'), { recursive: true });
    await symlink(
      at('shards/diffusion_pytorch_model.safetensors.index.fp16.json'),
      at('links/all.safetensors.index.json'),
    );
    await rm(at('links/config.json'));
    const opened = await openModelFiles(at('links/all.safetensors.index.json'));
    expect(opened.files.map(({ path }) => basename(path))).toHaveLength(4);
    await opened.close();
  });

  it('that lead nowhere are named, those of configs too', async () => {
    await mkdir(at('broken'));
    await copyFile(fixture('dit/model.safetensors'), at('broken/model.safetensors'));
    await symlink('nowhere', at('broken/config.json'));
    await expect(openModelFiles(at('broken'), { num_heads: 4 })).rejects.toThrow(
      'config.json: is a link to a file that is not there; give a config',
    );
    await rename(at('broken/model.safetensors'), at('broken/elsewhere.bin'));
    await symlink('gone', at('broken/model.safetensors'));
    await expect(openModelFiles(at('broken'))).rejects.toThrow(
      'model.safetensors: is a link to a file that is not there; give a checkpoint file',
    );
  });
});

describe('folders of shards', () => {
  it.each(['fp16', 'bin'])('%s draws what the file in one piece draws', async (name) => {
    const shards = fixture(`cases/11-sharded-variants/${name}`);
    const opened = await openCheckpointFiles(shards);
    const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const tensor of opened.checkpoint.tensors.values())
      tensors.set(tensor.name, { shape: tensor.shape, data: await readFloats(tensor) });
    await opened.close();
    await mkdir(at(`whole ${name}`));
    await writeFile(at(`whole ${name}`, 'model.safetensors'), writeSafetensors(tensors));
    await copyFile(join(shards, 'config.json'), at(`whole ${name}`, 'config.json'));
    const draw = async (path: string): Promise<Float32Array> => {
      const transformer = await openTransformer(path, { threads: 1 });
      const plan = planOf(uncached({ steps: 4 }), transformer.topology);
      const { latents } = await generate(transformer, { plan, steps: diffusionSteps(4), conditions: [1, 2, 3] });
      await transformer.dispose();
      return latents;
    };
    const [parts, whole] = [await draw(shards), await draw(at(`whole ${name}`))];
    expect(Math.max(...parts.map((value, i) => Math.abs(value - whole[i]!)))).toBeLessThan(1e-5);
    expect((await readdir(shards)).filter((file) => file.includes('-of-'))).toHaveLength(3);
  });
});

it.skipIf(process.platform === 'win32')('a folder that may not be read is not called missing', async () => {
  await make('closed/inner/model.safetensors');
  await chmod(folder, 0o755);
  await chmod(at('closed'), 0);
  const before = process.geteuid!();
  if (before === 0) process.seteuid!(65534);
  try {
    await expect(locate(at('closed'), new OpenFiles())).rejects.toThrow(
      'closed: the folder cannot be read: you may not read it',
    );
    await expect(locate(at('closed/inner'), new OpenFiles())).rejects.toThrow(
      'inner: you may not read it; give a checkpoint file',
    );
  } finally {
    if (before === 0) process.seteuid!(before);
    await chmod(at('closed'), 0o700);
  }
});
