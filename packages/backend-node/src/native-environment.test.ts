import { describe, expect, it } from 'vitest';
import { type NodeProcess, keepsOwnEnvironment, setNativeVariable } from './native-environment.ts';

/** A Bun that writes down what is set through it. */
function bun(platform: string, answer = 0): NodeProcess & { readonly calls: string[] } {
  const calls: string[] = [];
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const dlopen = (library: string) => ({
    symbols: {
      setenv: (name: Uint8Array, value: Uint8Array, overwrite: number) => {
        calls.push(`${library}: ${text(name)}=${text(value)} ${overwrite}`);
        return answer;
      },
    },
  });
  return {
    versions: { bun: '1.4.5' },
    platform,
    getBuiltinModule: (name) => (name === 'bun:ffi' ? { dlopen } : undefined),
    calls,
  };
}

describe('the environment that native libraries see', () => {
  it('is that of process.env in Node', () => {
    expect(keepsOwnEnvironment()).toBe(false);
  });

  it('is apart from process.env in Bun, but on Windows', () => {
    expect(['linux', 'darwin', 'win32'].map((platform) => keepsOwnEnvironment(bun(platform)))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it.each([
    ['linux', 'libc.so.6'],
    ['darwin', 'libSystem.B.dylib'],
  ])('is set through the C library of %s', (platform, library) => {
    const host = bun(platform);
    setNativeVariable('ORT_DISABLE_TELEMETRY', '1', host);
    expect(host.calls).toEqual([`${library}: ORT_DISABLE_TELEMETRY\0=1\0 1`]);
  });

  it('says what to do where it cannot be set', () => {
    const way = expect.objectContaining({
      message:
        'the environment: Bun 1.4.5 does not let A be set to 1 for native libraries; ' +
        'set it before the process starts',
    }) as Error;
    expect(() => setNativeVariable('A', '1', bun('linux', -1))).toThrow(way);
    expect(() => setNativeVariable('A', '1', { ...bun('linux'), getBuiltinModule: () => undefined })).toThrow(way);
  });
});
