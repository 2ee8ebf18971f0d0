import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the workspace. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
/** The one pnpm that this workspace is made with, such as `pnpm@10.34.9`. */
const packageManager = manifest.packageManager;

// A child gets Ctrl-C too, and says what there is to say; this process waits for it.
process.on('SIGINT', () => undefined);

/** Says what is missing where the Node that runs this is too old. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`This needs Node 20.19 or newer, and runs in ${process.versions.node}. Get one at https://nodejs.org`);
  process.exit(1);
}

/** Installs the dependencies of the lockfile; resolves to whether that went well. */
export async function install() {
  const command = ['install', '--frozen-lockfile'];
  // The first time takes long enough to be watched.
  const seen = existsSync(new URL('../node_modules/.modules.yaml', import.meta.url)) ? 'failure' : 'all';
  return (await pnpm(command, seen)) === 0;
}

/** Runs a task of every package, in the order of their dependencies; what is up to date is skipped. */
export async function turbo(...tasks) {
  return (await pnpm(['exec', 'turbo', 'run', ...tasks, '--output-logs=errors-only', '--ui=stream'], 'failure')) === 0;
}

/** Runs a program that a dependency of the workspace installed; resolves to its exit code. */
export function tool(name, ...args) {
  return pnpm(['exec', name, ...args]);
}

/** Runs Node itself; resolves to its exit code. */
export function node(...args) {
  return run(process.execPath, args, { seen: 'all' });
}

/** pnpm need not be there: npx, which comes with npm, fetches it once. */
function pnpm(args, seen = 'all') {
  return run('npx', ['--yes', packageManager, ...args], { seen, shell: process.platform === 'win32' });
}

/** Runs a program; what it prints is seen as it comes (`all`), or only if it fails (`failure`). */
function run(program, args, { seen, shell = false }) {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', npm_config_update_notifier: 'false', npm_config_loglevel: 'error' };
  const stdio = seen === 'all' ? 'inherit' : ['inherit', 'pipe', 'pipe'];
  return new Promise((resolve) => {
    const printed = [];
    const child = spawn(program, args, { cwd: root, stdio, env, shell });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => printed.push(data));
    child.on('error', (cause) => {
      console.error(`${program} cannot be started: ${cause.message}`);
      resolve(1);
    });
    child.on('close', (code, signal) => {
      if (code !== 0) for (const data of printed) process.stderr.write(data);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}
