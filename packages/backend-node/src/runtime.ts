import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ProCacheError } from '@procache/core';
import type * as OnnxRuntime from 'onnxruntime-node';
import { settleTelemetry } from './telemetry.ts';

const require = createRequire(import.meta.url);

/**
 * onnxruntime-node, whose native library is loaded when this is first called, and not when this package is imported:
 * whoever looks at a model or at a schedule needs none.
 *
 * No session may be opened with it but through `startedRuntime`.
 *
 * @throws {ProCacheError} that names the version and the folder of what cannot be loaded, and those of another one that
 * is in the way.
 */
export function onnxRuntime(): typeof OnnxRuntime {
  runtime ??= loadedCopy() ?? load();
  return runtime;
}

let runtime: typeof OnnxRuntime | undefined;

function load(): typeof OnnxRuntime {
  try {
    return require('onnxruntime-node') as typeof OnnxRuntime;
  } catch (cause) {
    throw loadError(cause);
  }
}

/**
 * Another copy of the same version that this thread has loaded already. Two that share one onnxruntime-common could not
 * both be loaded: the second finds its place in there taken.
 */
function loadedCopy(): typeof OnnxRuntime | undefined {
  const folder = installedFolder();
  if (folder === undefined) return undefined;
  const copy = Object.values(require.cache).find((module) => {
    const other = module?.loaded
      ? /^(.*[\\/]onnxruntime-node)[\\/]dist[\\/]index\.js$/.exec(module.filename)?.[1]
      : undefined;
    return other !== undefined && versionIn(other) === versionIn(folder);
  });
  return copy?.exports as typeof OnnxRuntime | undefined;
}

/** The same, ready to open sessions: the library initialises with the first of them. */
export async function startedRuntime(): Promise<typeof OnnxRuntime> {
  await settleTelemetry();
  return onnxRuntime();
}

/** The version of onnxruntime-node. Loads nothing native. */
export function runtimeVersion(): string {
  const folder = installedFolder();
  if (folder === undefined) throw notInstalled(undefined);
  return versionIn(folder);
}

function installedFolder(): string | undefined {
  try {
    return folderOf(require.resolve('onnxruntime-node'));
  } catch {
    return undefined;
  }
}

/** The folder of the copy of onnxruntime-node that a file belongs to. */
function folderOf(path: string): string | undefined {
  return /^(.*[\\/]onnxruntime-node)[\\/]/.exec(path)?.[1];
}

function versionIn(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return String((manifest as { readonly version?: unknown }).version);
}

function notInstalled(cause: unknown): ProCacheError {
  return new ProCacheError(
    'unsupported-device',
    'onnxruntime-node is not installed; install it beside @procache/backend-node: npm install onnxruntime-node',
    { cause },
  );
}

function loadError(cause: unknown): ProCacheError {
  const folder = installedFolder();
  if (folder === undefined) return notInstalled(cause);
  const own = `onnxruntime-node ${versionIn(folder)} in ${folder}`;
  const machine = `${process.platform}-${process.arch}`;
  const shipped = platformsIn(folder);
  if (!shipped.includes(machine)) {
    return new ProCacheError(
      'unsupported-device',
      `${own} has no library for ${machine}, only for ${shipped.join(', ') || 'nothing'}; run this on one of those`,
      { cause },
    );
  }
  const message = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
  const other = otherVersion(folder);
  if (other !== undefined) {
    return new ProCacheError(
      'unsupported-device',
      `${own} cannot be loaded, since onnxruntime-node ${versionIn(other)} in ${other} is loaded in this ` +
        `process already, ` +
        `and a process holds one version of it; make both the same version (overrides in package.json), or run ` +
        `one of them in a process of its own (${message})`,
      { cause },
    );
  }
  return new ProCacheError(
    'unsupported-device',
    `${own} cannot be loaded: ${message}; install it again, and see its README for what this system must have`,
    { cause },
  );
}

/** The systems that a copy of onnxruntime-node has libraries for: `linux-x64`. */
function platformsIn(folder: string): readonly string[] {
  const bin = join(folder, 'bin', 'napi-v6');
  if (!existsSync(bin)) return [];
  return readdirSync(bin).flatMap((platform) => readdirSync(join(bin, platform)).map((arch) => `${platform}-${arch}`));
}

/** The folder of a copy of onnxruntime-node of another version whose library this process has loaded. */
function otherVersion(own: string): string | undefined {
  const folders = sharedObjects().flatMap((path) => folderOf(path) ?? []);
  return folders.find((folder) => existsSync(join(folder, 'package.json')) && versionIn(folder) !== versionIn(own));
}

/** The libraries that this process has loaded. Node is told to look up no names in the network for its report. */
function sharedObjects(): readonly string[] {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  const before = report.excludeNetwork ?? false;
  report.excludeNetwork = true;
  try {
    const { sharedObjects } = report.getReport() as { readonly sharedObjects: readonly string[] };
    return sharedObjects;
  } finally {
    report.excludeNetwork = before;
  }
}
