import { ProCacheError } from '@procache/core';
import { messageOf } from '@procache/core/untrusted';
import type { ByteSource, Folder } from '@procache/model';
import type { Loading } from './progress.ts';

export interface UrlOptions {
  readonly signal?: AbortSignal | undefined;
  readonly loading?: Loading | undefined;
}

/** From so many bytes on, parts of a file are asked for rather than all of it. */
const LARGE = 64 * 2 ** 20;

/** A folder on a web server, of which nobody can tell what there is: the usual names are asked for. */
export function urlFolder(address: string | URL, options: UrlOptions = {}): Folder {
  const base = new URL(String(address).replace(/\/?$/, '/'), globalThis.location.href);
  return {
    name: base.href.replace(/\/$/, ''),
    open: (path) => urlSource(new URL(path.split('/').map(encodeURIComponent).join('/'), base), path, options),
  };
}

/**
 * A file on a web server; undefined where there is none. Small files are read whole and once, large ones in ranges.
 *
 * @throws {ProCacheError} `invalid-model` where the server answers with anything else than the file.
 */
async function urlSource(address: URL, name: string, options: UrlOptions): Promise<ByteSource | undefined> {
  const { signal, loading } = options;
  const response = await answer(address, signal ? { signal } : {});
  if (response.status === 404 || isPage(response)) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok) throw refusal(address, `the server answers ${response.status} ${response.statusText}`);
  const size = Number(response.headers.get('Content-Length') ?? NaN);
  const inRanges = size >= LARGE && response.headers.get('Accept-Ranges') === 'bytes';
  if (!inRanges) return wholeSource(name, await bytesOf(response, { name, size, loading }));
  await response.body?.cancel();
  return {
    name,
    size,
    read: async (offset, length) => {
      const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
      const part = await answer(address, { headers, ...(signal && { signal }) });
      if (part.status !== 206) throw refusal(address, `the server answers ${part.status} to a range of it`);
      return bytesOf(part, { name, size, loading });
    },
  };
}

function wholeSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

/** Servers of pages answer with their first page where there is no file. */
function isPage({ headers, url }: Response): boolean {
  return /text\/html/.test(headers.get('Content-Type') ?? '') && !/\.html?$/.test(url);
}

async function answer(address: URL, options: RequestInit): Promise<Response> {
  try {
    return await fetch(address, options);
  } catch (cause) {
    if (options.signal?.aborted === true) throw cause;
    throw refusal(address, `it cannot be fetched: ${messageOf(cause)}`, cause);
  }
}

async function bytesOf(
  response: Response,
  { name, size, loading }: { readonly name: string; readonly size: number; readonly loading: Loading | undefined },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let reader = response.body!.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
    loading?.add(name, value.length, size);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function refusal(address: URL, problem: string, cause?: unknown): ProCacheError {
  return new ProCacheError('invalid-model', `${address.href}: ${problem}; check the address`, { cause });
}
