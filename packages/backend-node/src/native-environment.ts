import { ProCacheError } from '@procache/core';

/** What of a process is asked here; `process` itself, but in tests. */
export interface NodeProcess {
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  getBuiltinModule(name: string): object | undefined;
}

/** Bun's access to native libraries, as far as it is used here. */
interface BunFfi {
  readonly dlopen: (
    library: string,
    symbols: object,
  ) => { readonly symbols: { setenv(name: Uint8Array, value: Uint8Array, overwrite: number): number } };
}

/** Whether the runtime is Bun, where writing to `process.env` changes nothing that native libraries see. */
export function keepsOwnEnvironment({
  versions,
  platform,
}: Pick<NodeProcess, 'versions' | 'platform'> = process): boolean {
  return versions['bun'] !== undefined && platform !== 'win32';
}

/**
 * Sets a variable of the environment that native libraries see, from any thread. For Bun: in Node and in Deno,
 * `process.env` of the main thread is that environment.
 *
 * @throws {ProCacheError} `unsupported-device` where Bun does not let it be set.
 */
export function setNativeVariable(name: string, value: string, host: NodeProcess = process): void {
  const library = host.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6';
  const bytes = (text: string) => new TextEncoder().encode(`${text}\0`);
  try {
    const { dlopen } = host.getBuiltinModule('bun:ffi') as BunFfi;
    const { symbols } = dlopen(library, { setenv: { args: ['cstring', 'cstring', 'i32'], returns: 'i32' } });
    if (symbols.setenv(bytes(name), bytes(value), 1) !== 0) throw new Error('setenv fails');
  } catch (cause) {
    throw new ProCacheError(
      'unsupported-device',
      `the environment: Bun ${host.versions['bun']!} does not let ${name} be set to ${value} for native ` +
        `libraries; set it before the process starts`,
      { cause },
    );
  }
}
