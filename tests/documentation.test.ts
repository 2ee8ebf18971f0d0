import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { checkSchedule, parseScheduleText, type Topology } from '@procache/core';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Block, blocksOf, imported, installed, placeOf } from './blocks.ts';
import { install, link, pack } from './packed.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { filesBelow, packages, published, root } from './workspace.ts';

const inFolder = temporaryFolder();
const documents = [
  'README.md',
  ...packages.map(({ folder }) => `${folder}/README.md`),
  ...filesBelow(`${root}docs`)
    .filter((file) => /^[^/]+\.md$/.test(file))
    .map((file) => `docs/${file}`),
];
/** The sources whose doc comments people read: those of the packages that are published. */
const sources = published.flatMap(({ folder }) =>
  filesBelow(`${root}${folder}/src`)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => `${folder}/src/${file}`),
);
const blocks = [...documents, ...sources].flatMap(blocksOf);
const named = (chosen: (block: Block) => boolean) =>
  blocks.filter(chosen).map((block) => [placeOf(block), block] as const);
const isCode = ({ language }: Block) => language === 'js' || language === 'ts';
const runs = ({ unrun }: Block) => unrun === undefined;
const isInstallation = ({ language, text }: Block) => language === 'sh' && text.includes('npm install ');

/**
 * The runtime that runs the examples: a command, `node` unless PROCACHE_RUNTIME says another, such as `bun` or `deno
 * run -A`.
 */
const [runtime, ...runtimeArguments] = (process.env['PROCACHE_RUNTIME'] ?? process.execPath).split(' ') as [
  string,
  ...string[],
];

/**
 * What a reader has of their own: files that the folder of a document has where its blocks name them, with their
 * config.
 */
const STAND_INS: readonly { readonly name: string; readonly file: string; readonly config: object }[] = [
  { name: 'DiT-XL-2-256x256.pt', file: 'packages/conformance/fixtures/checkpoints/plain.pt', config: { num_heads: 4 } },
  { name: 'model.safetensors', file: 'packages/zoo/models/fashion-dit/model.safetensors', config: {} },
  ...['tokenizer.json', 'spiece.model'].map((name) => ({
    name,
    file: `packages/conformance/fixtures/pipelines/pixart-tiny/tokenizer/${name}`,
    config: {},
  })),
];

beforeAll(async () => {
  await install(await pack(inFolder('tarballs')), inFolder());
  await link(root, '@types/node', inFolder());
  await link(root, 'vitest', inFolder());
  await link(join(root, 'tests'), '@procache/conformance', inFolder());
  await writeFile(inFolder('package.json'), '{ "private": true, "type": "module" }');
});

/** The folder that a document's blocks run in, one after another. */
async function folderOf({ document, text }: Block): Promise<string> {
  const folder = inFolder(document.replaceAll(/\W+/g, '-'));
  await mkdir(folder, { recursive: true });
  for (const { name, file, config } of STAND_INS.filter((each) => text.includes(each.name))) {
    await cp(root + file, join(folder, name));
    await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  }
  await writeFile(join(folder, 'transformer.ts'), "export { openTransformer } from '@procache/backend-node';\n");
  return folder;
}

interface Ended {
  readonly code: number;
  readonly printed: string;
  readonly complaint: string;
}

/** Where a program that is run in a folder and keeps something for itself would keep it. */
async function ownFolders(cwd: string): Promise<Readonly<Record<string, string>>> {
  const own = inFolder('own', basename(cwd));
  const folders = {
    HOME: join(own, 'home'),
    XDG_CACHE_HOME: join(own, 'cache'),
    XDG_CONFIG_HOME: join(own, 'config'),
    TMPDIR: join(own, 'tmp'),
  };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true });
  return folders;
}

/** Runs a program with what it starts itself, and ends them all where they take too long. */
async function run(cwd: string, program: string, ...words: string[]): Promise<Ended> {
  const path = [inFolder('node_modules/.bin'), dirname(process.execPath), process.env['PATH']].join(delimiter);
  // Not the whole environment: a variable such as CI tells ONNX Runtime to keep quiet.
  const env = { NO_COLOR: '1', PATH: path, ...(await ownFolders(cwd)) };
  const child = spawn(program, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const late = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 110_000);
  return new Promise((resolve) => {
    let [printed, complaint] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (printed += data.toString()));
    child.stderr.on('data', (data: Buffer) => (complaint += data.toString()));
    child.on('error', (cause) => (complaint += cause.message));
    child.on('close', (code, signal) => {
      clearTimeout(late);
      resolve({ code: code ?? 1, printed, complaint: signal ? `${complaint}\nended by ${signal}` : complaint });
    });
  });
}

/** What the lines of a program that print say that they print: `console.log(x); // 3: as many as there are` says 3. */
function shownOf(text: string): readonly string[] {
  return [...text.matchAll(/^\s*console\.log\(.*\); \/\/ (.*)$/gm)].map(([, shown]) => shown!);
}

async function expectToRun(block: Block, ended: Promise<Ended>): Promise<void> {
  const { code, printed, complaint } = await ended;
  expect({ code, complaint: code === 0 ? '' : complaint }).toEqual({ code: 0, complaint: '' });
  if (block.prints !== undefined) expect(printed.replaceAll(/ +$/gm, '')).toContain(block.prints);
  const lines = printed.split('\n');
  for (const shown of shownOf(block.text)) {
    expect(lines, `one line of: ${printed}`).toSatisfy((all: string[]) =>
      all.some((line) => line === shown || (line !== '' && shown.startsWith(`${line}: `))),
    );
  }
}

describe('the examples in JavaScript', () => {
  it.each(named((block) => isCode(block) && runs(block)))(
    '%s runs as it is printed, and prints what it says',
    async (_, block) => {
      const folder = await folderOf(block);
      const file = join(folder, `line-${block.line}.mjs`);
      const source =
        block.language === 'ts'
          ? ts.transpileModule(block.text, {
              compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
            }).outputText
          : block.text;
      await writeFile(file, source);
      await expectToRun(block, run(folder, runtime, ...runtimeArguments, file));
    },
  );
});

/** As strict as a reader's project can be, and without `skipLibCheck`. */
const STRICT = {
  ...{
    target: 'ES2023',
    lib: ['ES2023'],
    types: ['node'],
    module: 'NodeNext',
    noEmit: true,
    allowImportingTsExtensions: true,
  },
  ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noImplicitReturns: true },
  ...{ noPropertyAccessFromIndexSignature: true, verbatimModuleSyntax: true },
};

describe('the examples in strict TypeScript', () => {
  it('have types', async () => {
    const files: string[] = [];
    for (const block of blocks.filter(isCode)) {
      const folder = await folderOf(block);
      files.push(join(folder, `line-${block.line}.ts`));
      await writeFile(files.at(-1)!, block.text);
    }
    const { options, errors } = ts.convertCompilerOptionsFromJson(STRICT, inFolder());
    const program = ts.createProgram({ rootNames: files, options });
    const complaints = [...errors, ...ts.getPreEmitDiagnostics(program)].filter(({ file }) => !isForeign(file));
    expect(complaints.map(complaintOf)).toEqual([]);
  });
});

/** Whether a file is of none of the packed packages: ONNX Runtime's own types want a browser's. */
const isForeign = (file: ts.SourceFile | undefined): boolean => file?.fileName.includes('/.pnpm/') === true;

/** A complaint of the compiler as people read it: the file, the line in the block, the message. */
function complaintOf({ file, start, messageText }: ts.Diagnostic): string {
  const place =
    file && start !== undefined
      ? `${file.fileName.replace(inFolder(), '')}:${file.getLineAndCharacterOfPosition(start).line + 1}: `
      : '';
  return place + ts.flattenDiagnosticMessageText(messageText, '\n');
}

describe('the examples on the command line', () => {
  const lines = named((block) => block.language === 'sh' && runs(block) && !isInstallation(block));
  it.each(lines)('%s runs as it is printed, and prints what it says', async (_, block) => {
    const folder = await folderOf(block);
    await symlink(`${root}apps`, join(folder, 'apps')).catch(() => undefined); // there from the block before
    await expectToRun(block, run(folder, 'sh', '-euc', block.text));
  });

  it.each(named(({ language, prints }) => language === 'json' && prints !== undefined))(
    '%s is a schedule whose plan explain prints as shown',
    async (_, block) => {
      const folder = await folderOf(block);
      await writeFile(join(folder, 'schedule.json'), block.text);
      await expectToRun(block, run(folder, 'procache', 'explain', '--schedule', 'schedule.json'));
    },
  );
});

describe('the examples altogether', () => {
  it('leave nothing of ONNX Runtime outside of their folder', () => {
    const left = filesBelow(inFolder('own')).filter((file) => /onnxruntime|microsoft/i.test(file));
    // The host of one's own cannot switch the telemetry off in Bun, as its README says.
    expect(left.filter((file) => !(runtime.endsWith('bun') && file.startsWith('packages-ort-')))).toEqual([]);
  });
});

describe('the examples in JSON', () => {
  it.each(named(({ language }) => language === 'json'))('%s is a schedule that DiT-XL/2 can follow', (_, { text }) => {
    const schedule = parseScheduleText(text);
    const topology: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [16, 16] };
    expect(checkSchedule(schedule, topology, schedule.pattern.length).steps).toHaveLength(schedule.pattern.length);
  });
});

describe('what the documents say beside their examples', () => {
  it.each(documents.filter((document) => !document.startsWith('packages/conformance/')))(
    '%s has one npm install line that names all that its examples need',
    (document) => {
      const needed = new Set(
        blocksOf(document)
          .filter(isCode)
          .flatMap(({ text }) => imported(text)),
      );
      const family = published.filter(({ manifest }) => needed.has(manifest.name));
      for (const { manifest } of family)
        for (const peer of Object.keys(manifest.peerDependencies ?? {})) needed.add(peer);
      expect([...needed].filter((name) => !installed(document).has(name))).toEqual([]);
    },
  );

  const installing = documents.filter((document) =>
    ['onnxruntime-node', '@procache/backend-node', 'procache'].some((name) => installed(document).has(name)),
  );
  it.each(installing)('%s says where ONNX Runtime has binaries, and the way around its download', async (document) => {
    const text = (await readFile(root + document, 'utf8')).replaceAll(/\s+/g, ' ');
    const binaries = join(root, 'tests/node_modules/onnxruntime-node/bin/napi-v6');
    const platforms = { linux: 'Linux', win32: 'Windows', darwin: 'macOS' } as const;
    for (const platform of await readdir(binaries)) {
      const architectures = (await readdir(join(binaries, platform))).sort().reverse().join(', ');
      expect(text).toMatch(new RegExp(`${platforms[platform as keyof typeof platforms]} \\(${architectures}[;)]`));
    }
    expect(text).toContain('ONNXRUNTIME_NODE_INSTALL=skip npm install');
    expect(text).toContain('npm install --ignore-scripts');
  });

  it('leaves few blocks out, and says of each why', () => {
    const left = blocks.filter((block) => !runs(block));
    expect(left.filter(({ unrun }) => unrun === '').map(placeOf)).toEqual([]);
    expect(left.length).toBeLessThan(blocks.length / 3);
  });

  it('knows what to do with every block', () => {
    expect(blocks.filter(({ language }) => !['js', 'ts', 'sh', 'json'].includes(language)).map(placeOf)).toEqual([]);
  });
});
