import { type Checkpoint, rowMajorStrides, type StoredTensor } from '../checkpoint/checkpoint.ts';
import type { TransformerModel } from '../model.ts';
import { openModel } from '../open-model.ts';
import type { TensorShapes } from './published-shape.ts';
import { publishedShape } from './published-shapes.ts';

/**
 * A model of a published size, such as `dit-xl/2`, as far as names and shapes go: its topology, what there is to cache,
 * and what it costs. It has no weights (those that are read are 0), so its graphs cannot be run.
 *
 * @throws {ProCacheError} `invalid-input` where there is no such size.
 */
export function modelOfShape(name: string): Promise<TransformerModel> {
  const { tensors, config } = publishedShape(name);
  return openModel(checkpointOf(tensors), config);
}

function checkpointOf(shapes: TensorShapes): Checkpoint {
  const tensors = Array.from(shapes, ([name, shape]): [string, StoredTensor] => [
    name,
    { name, type: 'F32', shape, strides: rowMajorStrides(shape), source: NO_WEIGHTS, offset: 0 },
  ]);
  return { format: 'safetensors', tensors: new Map(tensors), metadata: new Map() };
}

const NO_WEIGHTS: StoredTensor['source'] = {
  name: 'no file',
  size: Number.MAX_SAFE_INTEGER,
  read: (_, length) => Promise.resolve(new Uint8Array(length)),
};
