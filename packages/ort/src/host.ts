import type { OnnxGraph } from '@procache/model';
import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-common';

/** How a graph holds its weights. */
export type Residence =
  /** Packed for speed into memory of the session's own. */
  | 'packed'
  /** Mapped from the file as they are, shared by all sessions that map it; slower to multiply with. */
  | 'mapped';

/** All that differs between the places where ONNX Runtime runs. */
export interface OrtHost {
  readonly Tensor: TensorConstructor;

  /** Opens a session for a graph whose weights lie in `graph.files`. */
  open(graph: OnnxGraph, residence: Residence): Promise<InferenceSession>;

  /** Gives the memory of an output back at once; the tensor is not used again. */
  free(tensor: Tensor): void;
}
