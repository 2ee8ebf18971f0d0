import { ProCacheError } from '@procache/core';
import { messageOf } from '@procache/core/untrusted';
import type { OnnxGraph } from '@procache/model';
import { type OrtHost, queued } from '@procache/ort';
import type { InferenceSession } from 'onnxruntime-common';
import { packedWeights } from './packed-weights.ts';
import type { Provider, WebRuntime } from './web-runtime.ts';

/** A host whose sessions take turns: a module of ONNX Runtime Web runs one at a time. */
export function hostOf(ort: WebRuntime, provider: Provider): OrtHost {
  return queued({
    Tensor: ort.Tensor,
    emptyTensors: false,
    async open(graph) {
      const { bytes, externalData } = await packedWeights(graph);
      return ort.InferenceSession.create(bytes, { ...optionsOf(graph, provider), externalData }).catch(
        (cause: unknown) => {
          throw openError(graph, cause);
        },
      );
    },
    free: (tensor) => tensor.dispose(),
  });
}

/** Features stay on the graphics card; what is read comes to the processor. */
function optionsOf({ outputs }: OnnxGraph, provider: Provider): InferenceSession.SessionOptions {
  const plain = { executionProviders: [provider], logSeverityLevel: 3 } as const;
  if (provider === 'wasm') return plain;
  const locations = outputs.map(({ name, role }) => [name, role === 'feature' ? 'gpu-buffer' : 'cpu'] as const);
  return { ...plain, preferredOutputLocation: Object.fromEntries(locations) };
}

function openError({ name, weightBytes }: OnnxGraph, cause: unknown): ProCacheError {
  const message = messageOf(cause);
  const isMemory = /memory|alloc|out of bounds|buffer size|RangeError/i.test(message) || typeof cause === 'number';
  if (!isMemory)
    return new ProCacheError('execution-failed', `ONNX Runtime Web refuses the ${name} graph: ${message}`, { cause });
  return new ProCacheError(
    'out-of-memory',
    `not enough memory in this page for the ${name} graph, whose weights take ` +
      `${Math.ceil(weightBytes / 2 ** 20)} MiB; close other pages, or take a smaller model (${message})`,
    { cause },
  );
}
