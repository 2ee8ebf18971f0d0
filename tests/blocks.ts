import { readFileSync } from 'node:fs';
import { root } from './workspace.ts';

/** A fenced block of a Markdown document, or of the doc comments of a source. */
export interface Block {
  /** The document's path from the root of the workspace. */
  readonly document: string;
  /** The line of its opening fence; 1 is the first. */
  readonly line: number;
  /** The first word after the fence: `js`, `sh`, `json`; empty where there is none. */
  readonly language: string;
  /** Why it is not run: what follows `no-run` after the fence. Nothing where it is. */
  readonly unrun?: string;
  readonly text: string;
  /** The text of the `text` block that comes next in the document, before any other: what this one is said to print. */
  readonly prints?: string;
}

/** The blocks of a document, those of the language `text` put where they belong. */
export function blocksOf(document: string): readonly Block[] {
  const blocks: Block[] = [];
  for (const block of fenced(document)) {
    const before = blocks.at(-1);
    if (block.language !== 'text') blocks.push(block);
    else if (!before || before.prints !== undefined)
      throw new Error(`${placeOf(block)}: no block before it can have printed this`);
    else if (block.unrun === undefined) blocks[blocks.length - 1] = { ...before, prints: block.text };
  }
  return blocks;
}

/** Where a block stands, such as `packages/core/README.md:14`. */
export function placeOf({ document, line }: Block): string {
  return `${document}:${line}`;
}

/** The packages that the `npm install` lines of a document name, without their versions. */
export function installed(document: string): ReadonlySet<string> {
  const lines = fenced(document)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n'));
  const words = lines
    .filter((line) => line.includes('npm install '))
    .flatMap((line) => line.split('npm install ')[1]!.split(/\s+/));
  return new Set(words.filter((word) => /^[@a-z]/.test(word)).map((word) => word.replace(/(?<=.)@.*$/, '')));
}

/** The packages that a block of JavaScript imports; not what Node has, and not files beside it. */
export function imported(text: string): readonly string[] {
  const names = [...text.matchAll(/\bfrom '([^']+)'/g)].map(([, name]) => name!);
  return names
    .filter((name) => !name.startsWith('node:') && !name.startsWith('.'))
    .map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)![0]);
}

function fenced(document: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  readFileSync(root + document, 'utf8')
    .split('\n')
    .map((line) => (document.endsWith('.ts') ? commentOf(line) : line))
    .forEach((text, index) => {
      const [, fence] = /^```(.*)$/.exec(text) ?? [];
      if (open && fence === '') {
        blocks.push(open);
        open = undefined;
      } else if (open) open = { ...open, text: `${open.text}${text}\n` };
      else if (fence !== undefined) open = opened(document, index + 1, fence);
    });
  if (open) throw new Error(`${placeOf(open)}: the block does not end`);
  return blocks;
}

/** What a line of a doc comment says; nothing of a line of code. */
function commentOf(line: string): string {
  return /^\s*\* ?(.*)$/.exec(line)?.[1] ?? '';
}

function opened(document: string, line: number, fence: string): Block {
  const [language = '', word, ...reason] = fence.trim().split(/\s+/);
  if (word !== undefined && word !== 'no-run')
    throw new Error(`${document}:${line}: '${word}' says nothing here; no-run does`);
  return { document, line, language, text: '', ...(word && { unrun: reason.join(' ') }) };
}
