import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { fixture, type Traces, tracesOf, watcher } from '@procache/conformance';
import { describe, expect, it } from 'vitest';

// What is tested is what the operating system sees of a process, so these run the build.
const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const library = new URL('../dist/index.js', import.meta.url).href;
const core = new URL('../../core/dist/index.js', import.meta.url).href;

/** Runs a module in a process of its own. */
async function run(
  script: string,
  { env = {}, before = [] }: { readonly env?: Record<string, string>; readonly before?: readonly string[] } = {},
): Promise<Traces> {
  const traces = await tracesOf([process.execPath, '--input-type=module', '-e', script], {
    cwd: packageFolder,
    env,
    before,
  });
  expect([traces.code, traces.stderr]).toEqual([0, '']);
  return traces;
}

const GENERATE = `
  const { openTransformer } = await import('${library}');
  const { diffusionSteps, generate, planOf, uncached } = await import('${core}');
  const draw = async (thread) => {
    const path = ${JSON.stringify(fixture('dit/model.safetensors'))};
    const transformer = await openTransformer(path, { thread, threads: 1, config: { num_heads: 4 } });
    const plan = planOf(uncached({ steps: 2 }), transformer.topology);
    const { latents } = await generate(transformer, { plan, steps: diffusionSteps(2), conditions: [1] });
    await transformer.dispose();
    return latents.length;
  };`;

/** The same in a worker thread that the user of the library has started, whose environment is a copy. */
const inWorker = (script: string, options = '{}') => `
  import { Worker } from 'node:worker_threads';
  const code = ${JSON.stringify(`(async () => {${script}})()`)};
  await new Promise((resolve, reject) => {
    new Worker(code, { eval: true, ...${options} }).on('error', reject).on('exit', resolve);
  });`;

const CLEAN = { stdout: '1024\n', left: [], written: [], sockets: [] };

describe.skipIf(process.platform === 'win32')(
  `nothing leaves the machine, and nothing is left on it (watched by ${watcher})`,
  () => {
    it.each([
      ['in the main thread', `${GENERATE} console.log(await draw('main'))`],
      ['in a worker thread of the library', `${GENERATE} console.log(await draw('worker'))`],
      ["in a worker thread of the user's", inWorker(`${GENERATE} console.log(await draw('main'))`)],
      ['in one of the library within one of theirs', inWorker(`${GENERATE} console.log(await draw('worker'))`)],
      [
        'in one whose environment says so, where that of the process does not',
        inWorker(`${GENERATE} console.log(await draw('main'))`, "{ env: { ORT_DISABLE_TELEMETRY: '1' } }"),
      ],
      [
        'in one that shares the environment',
        `import { SHARE_ENV } from 'node:worker_threads'; ` +
          inWorker(`${GENERATE} console.log(await draw('main'))`, '{ env: SHARE_ENV }'),
      ],
      [
        'while the main thread computes',
        inWorker(`${GENERATE} console.log(await draw('main'))`).replace(
          'await new Promise',
          'setTimeout(() => { const end = Date.now() + 300; while (Date.now() < end); }, 20); await new Promise',
        ),
      ],
    ])('%s', async (_, script) => {
      expect(await run(script)).toMatchObject(CLEAN);
    });

    // In a network of its own, so that nothing is sent from here either.
    const alone = ['unshare', '--map-root-user', '--net'];
    const canBeAlone = process.platform === 'linux' && spawnSync(alone[0]!, [...alone.slice(1), 'true']).status === 0;
    it.runIf(canBeAlone)(
      '(and this would be noticed: where the user allows it, a device id and a database appear)',
      async () => {
        const { left } = await run(`${GENERATE} console.log(await draw('main'))`, {
          env: { ORT_DISABLE_TELEMETRY: '0' },
          before: alone,
        });
        expect(left).toContainEqual(expect.stringMatching(/deviceid$/));
      },
    );
  },
);

describe('the environment', () => {
  const shown = (env: Record<string, string>) =>
    run(`await import('${library}'); console.log(process.env.ORT_DISABLE_TELEMETRY)`, { env });

  it('says that telemetry is off, once the package is imported', async () => {
    expect((await shown({})).stdout).toBe('1\n');
    expect((await shown({ ORT_DISABLE_TELEMETRY: '' })).stdout).toBe('1\n');
  });

  it('is left as it is where the user has said something', async () => {
    for (const value of ['0', '1', 'true', 'false'])
      expect((await shown({ ORT_DISABLE_TELEMETRY: value })).stdout).toBe(`${value}\n`);
  });

  it("is the main thread's: a worker's own word does not undo what was said there", async () => {
    const script = `${inWorker(
      `await import('${library}').then(({ nodeHost }) => nodeHost().open({ name: 'no', bytes: new Uint8Array(1), ` +
        `files: new Map(), weightBytes: 0 }, 'packed')).catch(() => undefined)`,
    )}
      console.log(process.env.ORT_DISABLE_TELEMETRY);`;
    expect((await run(script, { env: { ORT_DISABLE_TELEMETRY: 'false' } })).stdout).toBe('false\n');
    expect((await run(script)).stdout).toBe('1\n');
  });
});
