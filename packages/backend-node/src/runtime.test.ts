import { spawn } from 'node:child_process';
import {
  cp,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fixture } from '@procache/conformance';
import type * as OnnxRuntime from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Which library a process loads is decided by where packages lie, so these lay out the build anew.
const packages = fileURLToPath(new URL('../..', import.meta.url));
const real = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
const common = join(real, '..', 'onnxruntime-common');
const machine = join('bin', 'napi-v6', process.platform, process.arch);

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'procache-runtime-')));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A folder in which the packages are installed as npm would do it, without onnxruntime-node. */
async function project(name: string): Promise<string> {
  const modules = join(folder, name, 'node_modules');
  const others = new Map([['onnxruntime-common', common]]);
  for (const own of await familyOf('backend-node')) {
    await mkdir(join(modules, '@procache', own), { recursive: true });
    for (const part of ['package.json', 'dist'])
      await cp(join(packages, own, part), join(modules, '@procache', own, part), { recursive: true });
    for (const other of (await dependenciesOf(own)).filter((name) => !/^(?:@procache\/|onnxruntime-)/.test(name)))
      others.set(other, await realpath(join(packages, own, 'node_modules', other)));
  }
  for (const [other, at] of others) {
    await mkdir(dirname(join(modules, other)), { recursive: true }); // of a scope
    await symlink(at, join(modules, other));
  }
  return join(folder, name);
}

/** A package of the family, and those of it that it needs. */
async function familyOf(own: string): Promise<ReadonlySet<string>> {
  const family = new Set([own]);
  for (const name of family) {
    const needed = (await dependenciesOf(name)).filter((other) => other.startsWith('@procache/'));
    for (const other of needed) family.add(other.replace('@procache/', ''));
  }
  return family;
}

async function dependenciesOf(own: string): Promise<readonly string[]> {
  const manifest = JSON.parse(await readFile(join(packages, own, 'package.json'), 'utf8')) as {
    readonly dependencies?: object;
  };
  return Object.keys(manifest.dependencies ?? {});
}

/**
 * Puts a copy of onnxruntime-node there, which says that it is of some version; its library is the real one or
 * `library`.
 */
async function install(into: string, version: string, library?: string): Promise<string> {
  const at = join(into, 'node_modules', 'onnxruntime-node');
  await mkdir(join(at, machine), { recursive: true });
  await writeFile(
    join(at, 'package.json'),
    JSON.stringify({ name: 'onnxruntime-node', version, main: 'dist/index.js' }),
  );
  await cp(join(real, 'dist'), join(at, 'dist'), { recursive: true });
  for (const file of await readdir(join(real, machine))) {
    if (library === undefined)
      await link(join(real, machine, file), join(at, machine, file)).catch(() =>
        cp(join(real, machine, file), join(at, machine, file)),
      );
    else await writeFile(join(at, machine, file), library);
  }
  return at;
}

/** What a module prints that runs in a project. */
async function run(project: string, script: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: project,
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  return output.trim();
}

const DRAW = `
  import { diffusionSteps, generate, planOf, uncached } from '@procache/core';
  import { openTransformer, openModelFiles, runtimeVersion } from '@procache/backend-node';
  const path = ${JSON.stringify(fixture('dit/model.safetensors'))};
  const draw = async (thread) => {
    const transformer = await openTransformer(path, { thread, threads: 1, config: { num_heads: 4 } });
    const plan = planOf(uncached({ steps: 2 }), transformer.topology);
    const { latents } = await generate(transformer, { plan, steps: diffusionSteps(2), conditions: [1] });
    await transformer.dispose();
    return latents.length;
  };
  const failure = (promise) =>
    promise.then(() => 'none', ({ name, code, message }) => [name, code, message].join(' | '));`;

describe('the native library', () => {
  it('is not loaded before something is computed', async () => {
    const at = await project('lazy');
    await install(at, '1.30.7', 'no library at all');
    const script = `${DRAW}
      const { model, close } = await openModelFiles(path, { num_heads: 4 });
      const transformer = await openTransformer(path, { config: { num_heads: 4 } });
      await close(); await transformer.dispose();
      console.log(model.topology.blocks.length, runtimeVersion());`;
    expect(await run(at, script)).toBe('28 1.30.7');
  });

  it('that cannot be loaded is named with its version and folder, also where a worker thread meets it', async () => {
    const at = await project('damaged');
    const own = await install(at, '1.30.7', 'no library at all');
    const expected = new RegExp(
      `^ProCacheError \\| unsupported-device \\| (step 0 .*)?onnxruntime-node 1.30.7 in ${own} cannot be ` +
        `loaded: .+; install it again`,
    );
    expect(await run(at, `${DRAW} console.log(await failure(draw('main')));`)).toMatch(expected);
    expect(await run(at, `${DRAW} console.log(await failure(draw('worker')));`)).toMatch(expected);
  });

  it('of another version that is loaded already is named too', async () => {
    const at = await project('two versions');
    const other = await install(join(at, 'other'), '1.22.0');
    await symlink(common, join(at, 'other', 'node_modules', 'onnxruntime-common'));
    const own = await install(at, '1.30.7', 'no library at all');
    const message = await run(
      at,
      `import ${JSON.stringify(pathToFileURL(join(other, 'dist', 'index.js')).href)}; ` +
        `${DRAW} console.log(await failure(draw('main')));`,
    );
    expect(message).toContain(
      `onnxruntime-node 1.30.7 in ${own} cannot be loaded, since onnxruntime-node 1.22.0 in ${other} is loaded ` +
        `in this process already, ` +
        'and a process holds one version of it; make both the same version (overrides in package.json), or run ' +
        'one of them in a process of its own',
    );
  });

  it('is said to be missing where there is none for the machine, or none at all', async () => {
    const at = await project('elsewhere');
    const own = await install(at, '1.30.7');
    await rename(join(own, 'dist'), join(own, 'taken away'));
    expect(await run(at, `${DRAW} console.log(await failure(draw('main')));`)).toContain(
      'unsupported-device | onnxruntime-node is not installed; install it beside @procache/backend-node',
    );
    await rename(join(own, 'taken away'), join(own, 'dist'));
    await rm(join(own, 'bin'), { recursive: true });
    await mkdir(join(own, 'bin', 'napi-v6', 'amiga', 'm68k'), { recursive: true });
    expect(await run(at, `${DRAW} console.log(await failure(draw('main')));`)).toContain(
      `unsupported-device | onnxruntime-node 1.30.7 in ${own} has no library for ` +
        `${process.platform}-${process.arch}, only for amiga-m68k; run this on one of those`,
    );
  });

  it('may be there twice in one version, and both be used', async () => {
    const at = await project('two copies');
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { readonly version: string };
    const other = await install(join(at, 'other'), version);
    await symlink(common, join(at, 'other', 'node_modules', 'onnxruntime-common'));
    await install(at, version);
    const script = `${DRAW}
      import ort from ${JSON.stringify(pathToFileURL(join(other, 'dist', 'index.js')).href)};
      import { nodeHost, openNetwork } from '@procache/backend-node';
      const theirs = new ort.Tensor('float32', Float32Array.of(1, 2), [2]);
      console.log(theirs instanceof nodeHost().Tensor, [...theirs.data].join());
      console.log(await draw('main'), await draw('worker'));`;
    expect(await run(at, script)).toBe('true 1,2\n1024 1024');
  });
});

describe('threads', () => {
  it('are as many as this process may use processors, or as were asked for, in every session', async () => {
    const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node') as typeof OnnxRuntime;
    const { openTransformer } = await import('./transformer.ts');
    const { diffusionSteps, generate, planOf, uncached } = await import('@procache/core');
    const create = InferenceSession.create.bind(InferenceSession);
    for (const threads of [undefined, 1]) {
      const counts: (number | undefined)[] = [];
      InferenceSession.create = ((bytes: Uint8Array, options: { intraOpNumThreads?: number }) => {
        counts.push(options.intraOpNumThreads);
        return create(bytes, options);
      }) as typeof InferenceSession.create;
      const transformer = await openTransformer(fixture('dit/model.safetensors'), {
        threads,
        config: { num_heads: 4 },
      });
      await generate(transformer, {
        plan: planOf(uncached({ steps: 2 }), transformer.topology),
        steps: diffusionSteps(2),
        conditions: [1],
      });
      await transformer.dispose();
      InferenceSession.create = create;
      expect(counts).toEqual(counts.map(() => threads ?? availableParallelism()));
      expect(counts.length).toBeGreaterThan(1);
    }
  });

  it.each([0, -1, 1.5, NaN, 4096, 1e9, Infinity, '2', null])('are refused where they are %s', async (threads) => {
    const { openTransformer } = await import('./transformer.ts');
    for (const thread of ['main', 'worker'] as const) {
      await expect(
        openTransformer(fixture('dit/model.safetensors'), {
          thread,
          threads: threads as number,
          config: { num_heads: 4 },
        }),
      ).rejects.toMatchObject({
        code: 'invalid-input',
        message: expect.stringMatching(
          /^threads: .*, but a session has 1 to \d+ of them; leave it out for one per processor, which are \d+ here$/,
        ) as string,
      });
    }
  });
});
