import { ProCacheError } from '@procache/core';
import { type Checkpoint, elementCount } from '../checkpoint/checkpoint.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import { inlineWeight, isMappable, type Linear, type Weight } from '../onnx/weight.ts';

/** Where a family asks for its weights, by their names. */
export interface WeightSource {
  /** `${name}.weight` [out, inner] and `${name}.bias` [out]. */
  linear(name: string, out: number, inner: number): Promise<Linear>;
  weight(name: string, shape: readonly number[]): Promise<Weight>;
}

/**
 * Finds weights in a checkpoint, and checks their shapes; reads only those that ONNX Runtime cannot map where they lie.
 */
export class WeightFinder implements WeightSource {
  readonly #checkpoint: Checkpoint;

  constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint;
  }

  async linear(name: string, out: number, inner: number): Promise<Linear> {
    return {
      weight: await this.weight(`${name}.weight`, [out, inner]),
      bias: await this.weight(`${name}.bias`, [out]),
    };
  }

  async weight(name: string, shape: readonly number[]): Promise<Weight> {
    const tensor = this.#checkpoint.tensors.get(name);
    if (!tensor) throw new ProCacheError('invalid-model', `tensor ${name} is missing`);
    if (tensor.shape.length !== shape.length || tensor.shape.some((extent, axis) => extent !== shape[axis])) {
      throw new ProCacheError(
        'invalid-model',
        `tensor ${name} has shape [${tensor.shape.join(', ')}], ` +
          `but the other tensors call for [${shape.join(', ')}]; the file mixes two models`,
      );
    }
    if (tensor.unread !== undefined) throw new ProCacheError('invalid-model', `tensor ${name}: ${tensor.unread}`);
    return isMappable(tensor)
      ? { kind: 'stored', tensor, first: 0, shape }
      : inlineWeight(await readFloats(tensor), shape);
  }
}

/** Writes down which names are asked for, and gives weights without numbers. */
export class NameList implements WeightSource {
  readonly names: Set<string> = new Set();

  async linear(name: string, out: number, inner: number): Promise<Linear> {
    return {
      weight: await this.weight(`${name}.weight`, [out, inner]),
      bias: await this.weight(`${name}.bias`, [out]),
    };
  }

  weight(name: string, shape: readonly number[]): Promise<Weight> {
    this.names.add(name);
    return Promise.resolve(inlineWeight(new Float32Array(elementCount(shape)), shape));
  }
}
