// Import circles within the packages, those that close through `import type` included, which ESLint's rules pass over:
// prints the shortest through each file that is in one, and ends with 1 where there is any. Between packages there can
// be none: their manifests and ESLint's fences see to that.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { root } from './workspace.mjs';

const imports = new Map(sources().map((file) => [file, importsOf(file)]));
const circles = new Map();
for (const file of imports.keys()) {
  const circle = shortestCircle(file);
  if (circle) circles.set([...circle].sort().join(), circle);
}
for (const circle of circles.values())
  console.error(`imports go round in a circle: ${[...circle, circle[0]].map(named).join(' -> ')}`);
process.exitCode = circles.size > 0 ? 1 : 0;

/** The sources of all packages. */
function sources() {
  return ['apps', 'packages']
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name, 'src')))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, file)))
    .filter((file) => file.endsWith('.ts'));
}

/** The files that one imports or exports from, types alone included. */
function importsOf(file) {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => resolve(dirname(file), fileName));
}

/** The shortest way from a file back to itself, breadth first; nothing where there is none. */
function shortestCircle(start) {
  const from = new Map();
  for (const queue = [start]; queue.length > 0;) {
    const file = queue.shift();
    for (const next of imports.get(file) ?? []) {
      if (next === start) return wayTo(file, from);
      if (from.has(next)) continue;
      from.set(next, file);
      queue.push(next);
    }
  }
  return undefined;
}

function wayTo(file, from) {
  const way = [file];
  while (from.has(way[0])) way.unshift(from.get(way[0]));
  return way;
}

function named(file) {
  return relative(root, file);
}
