import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { describe, expect, it } from 'vitest';
import { packages, published, root, workspace } from './workspace.ts';

const documents = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((file) => !file.includes('/fixtures/'));
/** Where the repository shows a file of its main branch. */
const shown = `${workspace.homepage}/blob/main/`;

interface Link {
  readonly text: string;
  /** The file that it leads to, from the root of the workspace; nothing where it leads elsewhere. */
  readonly file?: string;
  /** What follows `#`; empty where nothing does. */
  readonly anchor: string;
}

function linksOf(document: string): readonly Link[] {
  const prose = readFileSync(root + document, 'utf8')
    .replaceAll(/^```.*?^```$/gms, '')
    .replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, text]) => linkOf(document, text!));
}

function linkOf(document: string, text: string): Link {
  const [path = '', anchor = ''] = text.replace(shown, '/').split('#');
  if (/^[a-z]+:/.test(path)) return { text, anchor: '' };
  if (path === '') return { text, file: document, anchor };
  return { text, file: path.startsWith('/') ? path.slice(1) : join(document, '..', path), anchor };
}

/** The anchors of a document's headings, as code hosts make them. */
function anchorsOf(document: string): readonly string[] {
  const headings = [...readFileSync(root + document, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}

const leadsNowhere = ({ file, anchor }: Link): boolean =>
  file !== undefined &&
  (!existsSync(root + file) || (anchor !== '' && file.endsWith('.md') && !anchorsOf(file).includes(anchor)));

describe('the links of the documentation', () => {
  it.each(documents)('%s has none that lead nowhere', (document) => {
    expect(linksOf(document).filter(leadsNowhere)).toEqual([]);
  });

  it.each(published.map(({ folder }) => folder))(
    '%s/README.md has none that work in the repository alone',
    (folder) => {
      // npmjs.com shows it without the repository: what is in the package can be linked to, and whole addresses.
      const links = linksOf(`${folder}/README.md`);
      expect(
        links.filter(
          ({ text, file }) =>
            file !== undefined && !text.startsWith(shown) && !text.startsWith('#') && !file.startsWith(`${folder}/`),
        ),
      ).toEqual([]);
    },
  );

  it.each(published)('README.md leads to $manifest.name', ({ folder, manifest }) => {
    expect(readFileSync(`${root}README.md`, 'utf8')).toContain(`| [\`${manifest.name}\`](${folder}) |`);
  });

  it('names the workspace wherever it names a place in it', () => {
    const { hostname } = new URL(workspace.homepage);
    for (const document of documents) {
      const named = [
        ...readFileSync(root + document, 'utf8').matchAll(
          new RegExp(`https://${hostname.replaceAll('.', '\\.')}[^\\s)>]*`, 'g'),
        ),
      ];
      expect(
        named.map(([address]) => address).filter((address) => !address.startsWith(`${workspace.homepage}/`)),
        document,
      ).toEqual([]);
    }
    expect(packages.every(({ manifest }) => manifest.homepage.startsWith(workspace.homepage))).toBe(true);
  });
});
