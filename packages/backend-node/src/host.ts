import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { ProCacheError } from '@procache/core';
import { messageOf } from '@procache/core/untrusted';
import type { OnnxGraph } from '@procache/model';
import type { OrtHost, Residence } from '@procache/ort';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { checkUnchanged } from './file-identity.ts';
import { isFileSource } from './file-source.ts';
import { onnxRuntime, startedRuntime } from './runtime.ts';
import { threadCount } from './threads.ts';

export interface HostOptions {
  /** Threads of each session; by default one for each processor that this process may use. */
  readonly threads?: number | undefined;
}

/** ONNX Runtime on the CPU, through onnxruntime-node, which is loaded when something is first computed. */
export function nodeHost({ threads }: HostOptions = {}): OrtHost {
  const count = threadCount(threads);
  return {
    get Tensor() {
      return onnxRuntime().Tensor;
    },
    async open(graph, residence) {
      const options = sessionOptions(graph, residence, count);
      const files = [...graph.files.values()].filter(isFileSource).map(({ identity }) => identity);
      const runtime = await startedRuntime();
      checkUnchanged(files);
      const session = await runtime.InferenceSession.create(graph.bytes, options).catch((cause: unknown) => {
        checkUnchanged(files); // a file that was just removed or cut short is the better reason
        throw openError(graph, cause);
      });
      try {
        checkUnchanged(files);
        return session;
      } catch (cause) {
        await session.release();
        throw cause;
      }
    },
    free,
  };
}

/**
 * Weights from which on a session allocates straight from the system.
 *
 * An arena grows by doubling and keeps what it has: around the features that a large model hands out, 132 MB
 * for DiT-XL/2, it took 170 MB more. Beside a second of arithmetic the allocations take no time that can be measured.
 */
const ARENA_BELOW_BYTES = 512 * 2 ** 20;

/** A port whose other end is closed: what is sent there is gone. */
const nowhere: MessagePort = closedPort();

function closedPort(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.unref();
  return port1;
}

/**
 * Frees an output's memory now. A tensor that is only disposed of keeps its memory until the garbage
 * collector comes round, which knows nothing of the 132 MB of features that are about to be made anew.
 */
function free(tensor: Tensor): void {
  const { data } = tensor;
  tensor.dispose();
  if (ArrayBuffer.isView(data) && data.buffer.byteLength === data.byteLength)
    nowhere.postMessage(undefined, [data.buffer as ArrayBuffer]);
}

/**
 * What every session of this package is opened with. Whatever fails is thrown; it need not be printed as well (4: fatal
 * only).
 */
export function plainOptions(threads: number): InferenceSession.SessionOptions {
  return { executionProviders: ['cpu'], logSeverityLevel: 4, intraOpNumThreads: threads };
}

function sessionOptions(graph: OnnxGraph, residence: Residence, threads: number): InferenceSession.SessionOptions {
  const session: Record<string, string> = {
    // Each session has a thread pool of its own, which would spin while another session runs.
    force_spinning_stop: '1',
    ...(residence === 'mapped' && { disable_prepacking: '1' }),
    ...folderOf(graph),
  };
  return {
    ...plainOptions(threads),
    enableCpuMemArena: !graph.largeActivations && graph.weightBytes < ARENA_BELOW_BYTES,
    extra: { session },
  };
}

/** Where ONNX Runtime looks for the files that a graph in memory refers to. */
function folderOf({ files }: OnnxGraph): Record<string, string> {
  const folders = new Set([...files.values()].map((source) => (isFileSource(source) ? source.folder : undefined)));
  const [folder] = folders;
  if (folders.size === 0) return {};
  if (folders.size > 1 || folder === undefined) {
    throw new ProCacheError(
      'invalid-model',
      `the weights lie in ${folders.size} places; put all files of a checkpoint into one folder on disk`,
    );
  }
  return { model_external_initializers_file_folder_path: folder };
}

function openError({ name, weightBytes }: OnnxGraph, cause: unknown): ProCacheError {
  const message = messageOf(cause);
  if (/alloc|memory/i.test(message)) {
    return new ProCacheError(
      'out-of-memory',
      `not enough memory for the ${name} graph, whose weights take ${Math.ceil(weightBytes / 2 ** 20)} MiB; ` +
        `close other programs, or open the model with memory: 'low' (${message})`,
      { cause },
    );
  }
  return new ProCacheError('execution-failed', `ONNX Runtime refuses the ${name} graph: ${message}`, { cause });
}
