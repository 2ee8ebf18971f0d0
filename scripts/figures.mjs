// What the scripts share that make the figures of the documents: searches by the command line, and tables in Markdown.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { node } from './workspace.mjs';

/**
 * Searches, or goes on with a search that was stopped, or takes one that is done; returns what its `search.json` holds.
 */
export async function search(out, ...words) {
  const result = join(out, 'search.json');
  console.error(`procache search ${words.join(' ')}`);
  if (!existsSync(result)) {
    mkdirSync(out, { recursive: true });
    const code = await node('apps/cli/dist/main.js', 'search', ...words, '--out', out, '--resume', '--quiet');
    if (code !== 0) process.exit(code);
  }
  return JSON.parse(readFileSync(result, 'utf8'));
}

/** Prints a table. */
export function table(headings, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  console.log([line(headings), line(headings.map(() => '---')), ...rows.map(line), ''].join('\n'));
}

/** Runs the parts of a script that are asked for, all of them unless some are. */
export async function runParts(parts, asked) {
  for (const [name, run] of Object.entries(parts)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    console.log(`\n## ${name}\n`);
    await run();
  }
}

export const error = (value) => value.toExponential(2);
export const decibels = (value) => `${value.toFixed(1)} dB`;
/** PSNR of the mean error, as pixels are between -1 and 1. */
export const pooled = (meanError) => 10 * Math.log10(4 / meanError);
export const seconds = (milliseconds) => `${Math.round(milliseconds / 1000)} s`;
export const interval = ({ interval95: [low, high] = [NaN, NaN] }) => `${error(Math.max(0, low))} to ${error(high)}`;
