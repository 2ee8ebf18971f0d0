// Runs in a package's folder before it is packed: takes what no source stands behind any more out of `dist`, which tsc
// itself never does, and refuses to pack a package that is not built.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

if (!existsSync('dist')) {
  console.error(`${process.cwd()}: there is no dist to pack; build first: npx -y pnpm@10.34.9 build`);
  process.exit(1);
}
for (const entry of readdirSync('dist', { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const file = join(entry.parentPath, entry.name);
  const source = file.replace(/^dist/, 'src').replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts');
  if (!existsSync(source)) rmSync(file, { force: true });
}
