// The tests of the packages that know no host, and every example of the documentation, on other runtimes than this one:
// installs them from npm into a temporary folder. Build first. A table at the end says what passed.
//   node scripts/runtimes.mjs [runtime ...]      node@20.19, node@22, node@24, node@26, bun and deno unless given
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary, run } from './workspace.mjs';

const [platform, here] = [`${process.platform}-${process.arch}`, process.execPath];
/**
 * Of each runtime: the package of npm that holds it, the program in that, and the words before an example that it is to
 * run.
 */
const KINDS = {
  node: { title: 'Node', name: `node-${platform}`, program: 'bin/node', examples: [] },
  bun: { title: 'Bun', name: `@oven/bun-${platform}`, program: 'bin/bun', examples: [] },
  deno: {
    title: 'Deno',
    name: `@deno/${platform}${process.platform === 'linux' ? '-glibc' : ''}`,
    program: 'deno',
    examples: ['run', '--allow-all'],
  },
};
const HOSTLESS = [
  'compare',
  'core',
  'metrics',
  'model',
  'ort',
  'pictures',
  'pipeline',
  'report',
  'search',
  'text',
  'zoo',
];
const asked = process.argv.slice(2);
const results = [];
for (const runtime of asked.length > 0 ? asked : ['node@20.19', 'node@22', 'node@24', 'node@26', 'bun', 'deno'])
  results.push(await judge(runtime));
console.log(['', ...results.map(({ version, passed }) => `${passed ? 'passed' : 'failed'}  ${version}`)].join('\n'));
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;

/** Installs a runtime, and runs with it what it is to run; vitest itself needs Node. */
async function judge(runtime) {
  const [kind, wanted = 'latest'] = runtime.split('@');
  const { title, name, program, examples } = KINDS[kind];
  const folder = mkdtempSync(join(tmpdir(), 'procache-runtime-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    await run('npm', ['install', '--no-audit', '--no-fund', `${name}@${wanted}`], { seen: 'failure', cwd: folder });
    const path = join(folder, 'node_modules', name, program);
    const version = `${title} ${await versionOf(path)}`;
    console.log(`\n== ${version}`);
    const vitest = [binary('vitest'), 'run'];
    const code =
      kind === 'node'
        ? await run(path, [...vitest, ...HOSTLESS.map((name) => `packages/${name}`), 'tests/documentation'])
        : await run(here, [...vitest, 'tests/documentation', '-t', 'in JavaScript|altogether'], {
            env: { PROCACHE_RUNTIME: [path, ...examples].join(' ') },
          });
    return { version, passed: code === 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function versionOf(path) {
  const printed = [];
  await run(path, ['--version'], { seen: 'failure', printed });
  return /\d+\.\d+\.\d+/.exec(printed.join(''))?.[0] ?? 'that does not start';
}
