// npm start: installs, builds, and draws with both models of the zoo, uncached and cached, side by side.
import { checkNode, install, node, turbo } from './workspace.mjs';

checkNode();
const asked = process.argv.slice(2);
const asks = (...options) => asked.some((word) => options.includes(word.split('=')[0]));

/** The models to draw with: the zoo's, as far as what is asked for is for them. */
function models() {
  if (asks('-m', '--model')) return [];
  if (asks('-l', '--labels')) return ['fashion-dit'];
  return asks('-p', '--prompt', '--prompts', '--negative-prompt') ? ['emoji-pixart'] : ['fashion-dit', 'emoji-pixart'];
}

/** The published schedule of each: of a model of texts it is one of 20 steps of DPM-Solver++. */
const SETTINGS = { 'emoji-pixart': ['--sampler', 'dpm++', '--steps', '20'] };

/** Draws into a folder; resolves to the exit code. */
function draw(folder, ...options) {
  const usual = ['--schedule', 'procache-published', '--compare', '--repeat', '2', '--out', folder];
  return node('apps/cli/dist/main.js', 'generate', ...options, ...usual, ...asked);
}

console.log('Installing and building; the first time takes a minute or two.');
if (!(await install()) || !(await turbo('build'))) process.exit(1);
const zoo = models();
if (zoo.length === 0) process.exit(await draw('out'));
for (const model of zoo) {
  const code = await draw(`out/${model}`, '--model', model, ...(SETTINGS[model] ?? []));
  if (code !== 0) process.exit(code);
  console.log();
}
console.log('More: node apps/cli/dist/main.js --help');
