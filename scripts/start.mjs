// npm start: installs, builds, and draws ten pieces of clothing, uncached and cached, side by side.
import { checkNode, install, node, turbo } from './workspace.mjs';

checkNode();
const job = process.argv.slice(2);
const main = [
  '--model',
  'fashion-dit',
  '--labels',
  'all',
  '--schedule',
  'procache-published',
  '--compare',
  '--out',
  'out',
];

console.log('Installing and building; the first time takes a minute or two.');
if (!(await install()) || !(await turbo('build'))) process.exit(1);
const code = await node('apps/cli/dist/main.js', 'generate', ...main, ...job);
if (code === 0) console.log(`\nMore: node apps/cli/dist/main.js --help`);
process.exit(code);
