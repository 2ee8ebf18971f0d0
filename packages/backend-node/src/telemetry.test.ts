import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fixture } from '@procache/conformance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// What is tested is what the operating system sees of a process, so these run the build.
const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const library = new URL('../dist/index.js', import.meta.url).href;
const core = new URL('../../core/dist/index.js', import.meta.url).href;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'procache-telemetry-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a process left behind, and what it opened. */
interface Traces {
  readonly stdout: string;
  /** Files below its home, cache and temporary folders, which were empty. */
  readonly files: readonly string[];
  /** Sockets for a network; those between its own parts are none. */
  readonly sockets: readonly string[];
}

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const traced = process.platform === 'linux' && has('strace');
/** How sockets are looked for: said in the name of the tests, since one way sees more than the other. */
const watcher = traced ? 'strace' : process.platform === 'linux' ? 'looking into /proc again and again' : 'nothing, for sockets';

/** Runs a module in a process of its own, with no folder but empty ones to write to. */
async function tracesOf(script: string, { env = {}, before = [] }: { readonly env?: Record<string, string>; readonly before?: readonly string[] } = {}): Promise<Traces> {
  const own = await mkdtemp(join(folder, 'run-'));
  const folders = { HOME: join(own, 'home'), XDG_CACHE_HOME: join(own, 'cache'), XDG_CONFIG_HOME: join(own, 'config'), TMPDIR: join(own, 'tmp') };
  for (const path of Object.values(folders)) await mkdir(path);
  const log = join(own, 'calls');
  const command = [...before, ...(traced ? ['strace', '-f', '-qq', '-e', 'trace=socket,connect', '-o', log] : []), process.execPath, '--input-type=module', '-e', script];
  // Not even those that say that this is a test: they keep the telemetry from starting.
  const child = spawn(command[0]!, command.slice(1), { cwd: packageFolder, env: { PATH: process.env['PATH'], ...folders, ...env } });
  const polled = traced ? [] : pollSockets(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  expect([code, stderr]).toEqual([0, '']);
  const found = await Promise.all(Object.values(folders).map((path) => readdir(path, { recursive: true })));
  const calls = traced ? (await readFile(log, 'utf8')).split('\n').filter((line) => /AF_(INET|INET6|NETLINK|PACKET)\b/.test(line)) : polled;
  return { stdout, files: found.flat(), sockets: calls };
}

/** Collects the sockets of a process that are in the tables of network connections, until it ends. */
function pollSockets(child: ChildProcess): readonly string[] {
  const seen: string[] = [];
  const look = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    const at = `/proc/${child.pid!}`;
    const links = await Promise.all((await readdir(join(at, 'fd'))).map((fd) => readlink(join(at, 'fd', fd)).catch(() => '')));
    const tables = await Promise.all(['tcp', 'tcp6', 'udp', 'udp6'].map((name) => readFile(join(at, 'net', name), 'utf8')));
    seen.push(...links.filter((link) => link.startsWith('socket:') && tables.some((table) => table.includes(` ${link.slice(8, -1)} `))));
    await look();
  };
  look().catch(() => undefined); // it has ended
  return seen;
}

const GENERATE = `
  const { openTransformer } = await import('${library}');
  const { diffusionSteps, generate, planOf, uncached } = await import('${core}');
  const draw = async (thread) => {
    const transformer = await openTransformer(${JSON.stringify(fixture('dit/model.safetensors'))}, { thread, threads: 1, config: { num_heads: 4 } });
    const { latents } = await generate(transformer, { plan: planOf(uncached({ steps: 2 }), transformer.topology), steps: diffusionSteps(2), labels: [1] });
    await transformer.dispose();
    return latents.length;
  };`;

/** The same in a worker thread that the user of the library has started, whose environment is a copy. */
const inWorker = (script: string, options = '{}') => `
  import { Worker } from 'node:worker_threads';
  const code = ${JSON.stringify(`(async () => {${script}})()`)};
  await new Promise((resolve, reject) => new Worker(code, { eval: true, ...${options} }).on('error', reject).on('exit', resolve));`;

const CLEAN = { stdout: '1024\n', files: [], sockets: [] };

describe.skipIf(process.platform === 'win32')(`nothing leaves the machine, and nothing is left on it (watched by ${watcher})`, () => {
  it.each([
    ['in the main thread', `${GENERATE} console.log(await draw('main'))`],
    ['in a worker thread of the library', `${GENERATE} console.log(await draw('worker'))`],
    ["in a worker thread of the user's", inWorker(`${GENERATE} console.log(await draw('main'))`)],
    ['in one of the library within one of theirs', inWorker(`${GENERATE} console.log(await draw('worker'))`)],
    ['in one whose environment says so, where that of the process does not', inWorker(`${GENERATE} console.log(await draw('main'))`, "{ env: { ORT_DISABLE_TELEMETRY: '1' } }")],
    ['in one that shares the environment', `import { SHARE_ENV } from 'node:worker_threads'; ${inWorker(`${GENERATE} console.log(await draw('main'))`, '{ env: SHARE_ENV }')}`],
    ['while the main thread computes', inWorker(`${GENERATE} console.log(await draw('main'))`).replace('await new Promise', 'setTimeout(() => { const end = Date.now() + 300; while (Date.now() < end); }, 20); await new Promise')],
  ])('%s', async (_, script) => {
    expect(await tracesOf(script)).toEqual(CLEAN);
  });

  // In a network of its own, so that nothing is sent from here either.
  const alone = ['unshare', '--map-root-user', '--net'];
  const canBeAlone = process.platform === 'linux' && spawnSync(alone[0]!, [...alone.slice(1), 'true']).status === 0;
  it.runIf(canBeAlone)('(and this would be noticed: where the user allows it, a device id and a database appear)', async () => {
    const { files } = await tracesOf(`${GENERATE} console.log(await draw('main'))`, { env: { ORT_DISABLE_TELEMETRY: '0' }, before: alone });
    expect(files).toContainEqual(expect.stringMatching(/deviceid$/));
  });
});

describe('the environment', () => {
  const shown = (env: Record<string, string>) => tracesOf(`await import('${library}'); console.log(process.env.ORT_DISABLE_TELEMETRY)`, { env });

  it('says that telemetry is off, once the package is imported', async () => {
    expect((await shown({})).stdout).toBe('1\n');
    expect((await shown({ ORT_DISABLE_TELEMETRY: '' })).stdout).toBe('1\n');
  });

  it('is left as it is where the user has said something', async () => {
    for (const value of ['0', '1', 'true', 'false']) expect((await shown({ ORT_DISABLE_TELEMETRY: value })).stdout).toBe(`${value}\n`);
  });

  it("is the main thread's: a worker's own word does not undo what was said there", async () => {
    const script = `${inWorker(`await import('${library}').then(({ nodeHost }) => nodeHost().open({ name: 'no', bytes: new Uint8Array(1), files: new Map(), weightBytes: 0 }, 'packed')).catch(() => undefined)`)}
      console.log(process.env.ORT_DISABLE_TELEMETRY);`;
    expect((await tracesOf(script, { env: { ORT_DISABLE_TELEMETRY: 'false' } })).stdout).toBe('false\n');
    expect((await tracesOf(script)).stdout).toBe('1\n');
  });
});
