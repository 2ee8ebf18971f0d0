import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
  const code = await pnpm(['install', '--frozen-lockfile', '--reporter=silent']);
  // What went wrong is worth reading at length; what went well is not.
  return code === 0 || (await pnpm(['install', '--frozen-lockfile'])) === 0;
}

/** Runs a task of every package, in the order of their dependencies; what is up to date is skipped. */
export async function turbo(...tasks) {
  const quiet = ['--output-logs=errors-only', '--log-prefix=none', '--ui=stream'];
  return (await pnpm(['exec', 'turbo', 'run', ...tasks, ...quiet])) === 0;
}

/** Runs a program that a dependency of the workspace installed; resolves to its exit code. */
export function tool(name, ...args) {
  return pnpm(['exec', name, ...args]);
}

/** Runs Node itself; resolves to its exit code. */
export function node(...args) {
  return run(process.execPath, args, false);
}

/** pnpm need not be there: npx, which comes with Node, fetches it once. */
function pnpm(args) {
  return run('npx', ['--yes', packageManager, ...args], process.platform === 'win32');
}

function run(program, args, shell) {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', NPM_CONFIG_UPDATE_NOTIFIER: 'false', npm_config_loglevel: 'error' };
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', env, shell });
    child.on('error', (cause) => {
      console.error(`${program} cannot be started: ${cause.message}`);
      resolve(1);
    });
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
