import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the workspace. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** The package.json of the workspace. */
export const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
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

/** Publishes what npm does not have yet; resolves to whether that went well. */
export async function publish() {
  return (await pnpm(['exec', 'changeset', 'publish'])) === 0;
}

/**
 * Lints the workspace, its format, its imports and its reference; what has not changed since ESLint found it clean is
 * passed over.
 */
export async function lint() {
  const cache = ['--cache', '--cache-location', 'node_modules/.cache/eslint/', '--cache-strategy', 'content'];
  const codes = [
    await tool('eslint', '.', ...cache),
    await tool('prettier', '--check', '.', '--log-level', 'warn'),
    await node('scripts/import-circles.mjs'),
    await tool('typedoc', '--emit', 'none'),
  ];
  return codes.every((code) => code === 0);
}

/** Runs a program of a dependency that has its name, in this very Node; resolves to its exit code. */
export function tool(name, ...args) {
  return node(binary(name), ...args);
}

/** What such a program prints on standard output, whether it ends well or not. */
export async function outputOf(name, ...args) {
  const printed = [];
  await run(process.execPath, [binary(name), ...args], { seen: 'failure', printed });
  return printed.join('');
}

/** The script of a dependency that has its name. */
export function binary(name) {
  const folder = new URL(`../node_modules/${name}/`, import.meta.url);
  const { bin } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  return fileURLToPath(new URL(typeof bin === 'string' ? bin : bin[name], folder));
}

/** Runs Node itself; resolves to its exit code. */
export function node(...args) {
  return run(process.execPath, args, { seen: 'all' });
}

/** pnpm need not be there: npx, which comes with npm, fetches it once. */
function pnpm(args, seen = 'all') {
  return run('npx', ['--yes', packageManager, ...args], { seen, shell: process.platform === 'win32' });
}

/**
 * Runs a program; what it prints is seen as it comes (`all`), or only if it fails (`failure`), and collected in
 * `printed`.
 */
export function run(program, args, { seen = 'all', shell = false, printed = [], cwd = root, env = {} } = {}) {
  const quiet = { TURBO_TELEMETRY_DISABLED: '1', npm_config_update_notifier: 'false', npm_config_loglevel: 'error' };
  const stdio = seen === 'all' ? 'inherit' : ['inherit', 'pipe', 'pipe'];
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, stdio, env: { ...process.env, ...quiet, ...env }, shell });
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
