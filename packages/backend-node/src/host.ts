import { ProCacheError } from '@procache/core';
import type { OnnxGraph } from '@procache/model';
import type { OrtHost, Residence } from '@procache/ort';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { isFileSource } from './file-source.ts';

export interface HostOptions {
  /** Threads of each session; ONNX Runtime's own choice (one per physical core) by default. */
  readonly threads?: number | undefined;
}

/** ONNX Runtime on the CPU, through onnxruntime-node. */
export function nodeHost({ threads }: HostOptions = {}): OrtHost {
  return {
    Tensor,
    async open(graph, residence) {
      try {
        return await InferenceSession.create(graph.bytes, sessionOptions(graph, residence, threads));
      } catch (cause) {
        throw openError(graph, cause);
      }
    },
  };
}

function sessionOptions(graph: OnnxGraph, residence: Residence, threads: number | undefined): InferenceSession.SessionOptions {
  const session: Record<string, string> = {
    // Each session has a thread pool of its own, which would spin while another session runs.
    force_spinning_stop: '1',
    ...(residence === 'mapped' && { disable_prepacking: '1' }),
    ...folderOf(graph),
  };
  return {
    executionProviders: ['cpu'],
    logSeverityLevel: 3,
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    extra: { session },
  };
}

/** Where ONNX Runtime looks for the files that a graph in memory refers to. */
function folderOf({ files }: OnnxGraph): Record<string, string> {
  const folders = new Set([...files.values()].map((source) => (isFileSource(source) ? source.folder : undefined)));
  const [folder] = folders;
  if (folders.size === 0) return {};
  if (folders.size > 1 || folder === undefined) {
    throw new ProCacheError('invalid-model', `the weights lie in ${folders.size} places; put all files of a checkpoint into one folder on disk`);
  }
  return { model_external_initializers_file_folder_path: folder };
}

function openError({ name, weightBytes }: OnnxGraph, cause: unknown): ProCacheError {
  const message = cause instanceof Error ? cause.message : String(cause);
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
