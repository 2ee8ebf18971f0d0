import { type Checkpoint, openModel, type StoredTensor } from '@procache/model';
import type { KnownModel } from '../arguments/model-choice.ts';
import { configOf, shapeNamed, tensorsOf } from './dit-shapes.ts';

/**
 * A model of a published size as far as its names and shapes go: what there is to cache, and what it costs. It has no
 * weights.
 */
export async function modelOfShape(name: string): Promise<KnownModel> {
  const shape = shapeNamed(name);
  const model = await openModel(checkpointOf(tensorsOf(shape)), configOf(shape));
  return { name: `${name.toLowerCase()} (published size)`, model, recommended: undefined, schedules: {} };
}

function checkpointOf(shapes: ReturnType<typeof tensorsOf>): Checkpoint {
  const tensors = shapes.map(([name, extents]): StoredTensor => ({
    name,
    type: 'F32',
    shape: extents,
    strides: stridesOf(extents),
    source: NO_WEIGHTS,
    offset: 0,
  }));
  return {
    format: 'safetensors',
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    metadata: new Map(),
  };
}

/** Elements between neighbours along each axis, the last axis closest together. */
function stridesOf(shape: readonly number[]): readonly number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
}

const NO_WEIGHTS: StoredTensor['source'] = {
  name: 'no file',
  size: Number.MAX_SAFE_INTEGER,
  read: () => Promise.reject(new Error('a published size has no weights to read')),
};
