import type { Env, InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common';

/** What computes: WebAssembly on the processor, everywhere; or the graphics card, where a browser lets a page at it. */
export type Provider = 'wasm' | 'webgpu';

/** What is needed of ONNX Runtime Web: `import * as ort from 'onnxruntime-web/wasm'` is one. */
export interface WebRuntime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  readonly env: Env;
}
