// The release: builds, and publishes to npm what is not there yet. From a clean checkout of main on which npm test
// passes.
import { checkNode, manifest, publish, turbo } from './workspace.mjs';

checkNode();
const { hostname } = new URL(manifest.homepage);
if (hostname.endsWith('.example')) {
  console.error(
    `package.json: the homepage is ${manifest.homepage}, where nothing can ever be; ` +
      `CONTRIBUTING.md, "Changesets and releases", says how to name the real one`,
  );
  process.exit(1);
}
if (!(await turbo('build')) || !(await publish())) process.exit(1);
