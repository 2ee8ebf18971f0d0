import type { Tensor } from 'onnxruntime-common';

/**
 * The numbers of a tensor: at once where they lie in memory, fetched where they lie on a device, whose copy is `kept`
 * or `freed`.
 */
export function floatsOf(tensor: Tensor, device: 'kept' | 'freed'): Float32Array | Promise<Float32Array> {
  const isHere = tensor.location === 'cpu' || tensor.location === 'cpu-pinned';
  return (isHere ? tensor.data : tensor.getData(device === 'freed')) as Float32Array | Promise<Float32Array>;
}
