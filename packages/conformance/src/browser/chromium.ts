import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where Chromium lies, unless CHROMIUM_PATH says it. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** WebGPU without a graphics card: right, and slow. */
const SOFTWARE_GPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

/** Starts a Chromium; installs one first where that is possible. The caller closes it. */
export async function startChromium(): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: chromiumPath(),
    args: [...SOFTWARE_GPU, ...(isRoot ? ['--no-sandbox'] : [])],
  });
}

/** @throws {Error} that says how to get one where there is none. */
function chromiumPath(): string {
  const found = [process.env['CHROMIUM_PATH'], ...PLACES].find((path) => path !== undefined && existsSync(path));
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    install(['update']);
    install(['install', '-y', '--no-install-recommends', 'chromium']);
    if (existsSync(PLACES[0]!)) return PLACES[0]!;
  }
  throw new Error(
    'the tests of pages need Chromium or Chrome, and there is none here: install it (Debian: apt-get install ' +
      'chromium), or set CHROMIUM_PATH to it',
  );
}

function install(words: readonly string[]): void {
  spawnSync('apt-get', words, { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
}
