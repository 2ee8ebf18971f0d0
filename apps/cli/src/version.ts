import { readFileSync } from 'node:fs';

/** The version of this program. */
export const VERSION: string = versionOf(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

function versionOf(manifest: unknown): string {
  return (manifest as { readonly version: string }).version;
}
