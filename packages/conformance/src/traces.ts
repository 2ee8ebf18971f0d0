import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a process left behind, and what it opened. */
export interface Traces {
  readonly code: number | null;
  /** What ended it, where it did not end by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Files and folders that it left below its home, cache, configuration and temporary folders, which were empty. */
  readonly left: readonly string[];
  /** The paths that it made, wrote to, renamed or removed, wherever they lie; nothing where `watcher` is not strace. */
  readonly written: readonly string[];
  /** Sockets for a network that it opened; those between its own parts are none. */
  readonly sockets: readonly string[];
}

/** How `tracesOf` runs its command. */
export interface TraceOptions {
  readonly cwd: string;
  /** Beside the path of programs and the empty folders; nothing else of this process's environment is handed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the command is run by: `['unshare', '--net']`. */
  readonly before?: readonly string[];
}

const hasStrace = process.platform === 'linux' && spawnSync('strace', ['--version']).status === 0;

/** How sockets and files are looked for: for the names of tests, since one way sees more than the other. */
export const watcher: string = hasStrace
  ? 'strace'
  : process.platform === 'linux'
    ? 'looking into /proc again and again'
    : 'looking for files that are left';

/** The system calls that open a socket, or make, write or take away a file. */
const CALLS = [
  ...['socket', 'connect', 'open', 'openat', 'creat', 'truncate', 'mkdir', 'mkdirat', 'mknod', 'mknodat'],
  ...['rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'link', 'linkat', 'symlink', 'symlinkat'],
].join(',');

/**
 * Runs a command in a process that has no home, cache or temporary folder but empty ones, and tells what it did.
 *
 * Its environment does not say that this is a test, nor that it is run by a continuous integration: there are programs
 * that behave then.
 */
export async function tracesOf(
  command: readonly string[],
  { cwd, env = {}, before = [] }: TraceOptions,
): Promise<Traces> {
  const own = await realpath(await mkdtemp(join(tmpdir(), 'procache-traces-')));
  const folders = {
    HOME: join(own, 'home'),
    XDG_CACHE_HOME: join(own, 'cache'),
    XDG_CONFIG_HOME: join(own, 'config'),
    TMPDIR: join(own, 'tmp'),
  };
  for (const path of Object.values(folders)) await mkdir(path);
  const log = join(own, 'calls');
  const watched = [
    ...before,
    ...(hasStrace ? ['strace', '-f', '-qq', '-s', '4096', '-e', `trace=${CALLS}`, '-o', log] : []),
    ...command,
  ];
  const child = spawn(watched[0]!, watched.slice(1), {
    cwd,
    env: { PATH: process.env['PATH'], ...folders, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const polled = hasStrace ? [] : pollSockets(child);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (data: Buffer) => (output[name] += data.toString()));
  const ended = await new Promise<Pick<Traces, 'code' | 'signal'>>((resolve, reject) =>
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal })),
  );
  const left = await Promise.all(Object.values(folders).map((path) => readdir(path, { recursive: true })));
  const calls = hasStrace ? (await readFile(log, 'utf8')).split('\n') : [];
  await rm(own, { recursive: true });
  const sockets = hasStrace ? calls.filter((line) => /\bAF_(?:INET|INET6|NETLINK|PACKET)\b/.test(line)) : polled;
  return { ...ended, ...output, left: left.flat(), written: calls.flatMap(writtenBy), sockets };
}

/** The paths that a call of the system writes to, in a line of strace. */
function writtenBy(line: string): readonly string[] {
  if (/ = -1 /.test(line)) return [];
  const [, call] = /^\d+\s+(\w+)\(/.exec(line) ?? [];
  if (call === undefined || call === 'socket' || call === 'connect') return [];
  if (call.startsWith('open') && !/O_WRONLY|O_RDWR|O_CREAT/.test(line)) return [];
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, path]) => path!);
}

/** Collects the sockets of a process that are in the tables of network connections, until it ends. */
function pollSockets(child: ChildProcess): readonly string[] {
  const seen: string[] = [];
  const look = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    const at = `/proc/${child.pid!}`;
    const links = await Promise.all(
      (await readdir(join(at, 'fd'))).map((fd) => readlink(join(at, 'fd', fd)).catch(() => '')),
    );
    const tables = await Promise.all(
      ['tcp', 'tcp6', 'udp', 'udp6'].map((name) => readFile(join(at, 'net', name), 'utf8')),
    );
    seen.push(
      ...links.filter(
        (link) => link.startsWith('socket:') && tables.some((table) => table.includes(` ${link.slice(8, -1)} `)),
      ),
    );
    await look();
  };
  look().catch(() => undefined); // it has ended, or there is no /proc
  return seen;
}
