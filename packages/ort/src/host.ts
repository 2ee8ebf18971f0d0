import type { OnnxGraph } from '@procache/model';
import type { Tensor, TensorConstructor } from 'onnxruntime-common';

/** How a graph holds its weights. */
export type Residence =
  /** Packed for speed into memory of the session's own. */
  | 'packed'
  /** Mapped from the file as they are, shared by all sessions that map it; slower to multiply with. */
  | 'mapped';

/** What is needed of a session: an `InferenceSession` of any of ONNX Runtime's packages is one. */
export interface OrtSession {
  /** The outputs of these names. */
  run(feeds: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Promise<Readonly<Record<string, Tensor>>>;
  release(): Promise<void>;
}

/**
 * All that differs between the places where ONNX Runtime runs. WebGPU in a page, for instance, where the features stay
 * on the device:
 *
 * ```ts
 * import { type OrtHost, queued } from '@procache/ort';
 * import { InferenceSession, Tensor } from 'onnxruntime-common'; // in a page: from 'onnxruntime-web/webgpu'
 *
 * const hostOf = (folder: string): OrtHost =>
 *   queued({
 *     Tensor,
 *     emptyTensors: false,
 *     open: ({ bytes, files, outputs }) =>
 *       InferenceSession.create(bytes, {
 *         executionProviders: ['webgpu'],
 *         externalData: [...files.keys()].map((path) => ({ path, data: new URL(path, folder).href })),
 *         preferredOutputLocation: Object.fromEntries(
 *           outputs.map(({ name, role }) => [name, role === 'feature' ? 'gpu-buffer' : 'cpu'] as const),
 *         ),
 *       }),
 *     free: (tensor) => tensor.dispose(),
 *   });
 * ```
 */
export interface OrtHost {
  readonly Tensor: TensorConstructor;

  /**
   * Whether tensors without numbers may be given to a session; true unless said. Programs that share a graph need them:
   * where they are not allowed, each has a graph of its own (`sharedGraphs`).
   */
  readonly emptyTensors?: boolean;

  /**
   * Opens a session for a graph whose weights lie in `graph.files`. What becomes of an output, its `role` says: a
   * `feature` may be left where it was computed. All others are read: at once where they are in memory, through
   * `getData` where they are not.
   */
  open(graph: OnnxGraph, residence: Residence): Promise<OrtSession>;

  /** Gives the memory of an output back at once; the tensor is not used again. */
  free(tensor: Tensor): void;
}
