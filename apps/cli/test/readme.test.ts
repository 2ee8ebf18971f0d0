import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();
const app = fileURLToPath(new URL('..', import.meta.url));

/** The first block of a language in the root README. */
async function blockOf(language: string): Promise<string> {
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  return new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(readme)![1]!;
}

describe('README.md', () => {
  it('has a library example that runs', async () => {
    const example = await blockOf('js');
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', example], { cwd: app });
    expect(stdout).toMatch(/^2048 #\.a\.#\.a\.#\.a\.#\.b\./);
  });

  it('prints the plan of its schedule', async () => {
    await writeFile(inFolder('readme.json'), await blockOf('json'));
    const { stdout } = await procache(['explain', '--schedule', inFolder('readme.json')]);
    expect(stdout).toContain(await blockOf('text'));
  });
});
