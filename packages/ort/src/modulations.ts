import type { Conditions } from '@procache/core';
import type { TransformerModel } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { OrtHost } from './host.ts';

/** Most bytes of modulations that are held at once; a longer generation computes them in several batches. */
const BATCH_BYTES = 128 * 2 ** 20;

/**
 * The shifts, scales and gates of every block at every step of one generation.
 *
 * Computed in batches of as many steps as fit, usually all: the weights for it (a third of a DiT)
 * are read once, straight from the file, part by part, and are let go of before the first step.
 */
export class Modulations {
  readonly #model: TransformerModel;
  readonly #host: OrtHost;
  readonly #conditions: Conditions;
  readonly #stepsPerBatch: number;
  #first = 0;
  #batch = new Float32Array(0);

  constructor(model: TransformerModel, host: OrtHost, conditions: Conditions) {
    this.#model = model;
    this.#host = host;
    this.#conditions = conditions;
    this.#stepsPerBatch = Math.max(1, Math.floor(BATCH_BYTES / (4 * this.#perStep)));
  }

  /** The modulations of one step, [images, entries, width]: a view that the next batch replaces. */
  async at(step: number): Promise<Float32Array> {
    const offset = (step - this.#first) * this.#perStep;
    if (offset >= 0 && offset < this.#batch.length) return this.#batch.subarray(offset, offset + this.#perStep);
    await this.#compute(step);
    return this.#batch.subarray(0, this.#perStep);
  }

  dispose(): void {
    this.#batch = new Float32Array(0);
  }

  /** Numbers that one step takes. */
  get #perStep(): number {
    return this.#conditions.labels.length * this.#perRow;
  }

  /** Numbers that one image takes at one step. */
  get #perRow(): number {
    return this.#model.stream.entries * this.#model.stream.width;
  }

  async #compute(first: number): Promise<void> {
    const { timesteps, labels } = this.#conditions;
    const steps = timesteps.slice(first, first + this.#stepsPerBatch);
    const feeds = this.#feeds(steps, labels);
    this.#batch = new Float32Array(steps.length * this.#perStep);
    this.#first = first;
    let column = 0;
    for (const graph of this.#model.conditioningGraphs()) {
      const session = await this.#host.open(graph, 'mapped');
      try {
        const { modulation } = await session.run(feeds);
        column += this.#place(modulation!, column);
        modulation!.dispose();
      } finally {
        await session.release();
      }
    }
  }

  /** Copies a part of every row to its place, and tells how wide it is. */
  #place(part: Tensor, column: number): number {
    const [rows, numbers] = part.dims as readonly [number, number];
    const data = part.data as Float32Array;
    for (let row = 0; row < rows; row++) this.#batch.set(data.subarray(row * numbers, (row + 1) * numbers), row * this.#perRow + column);
    return numbers;
  }

  #feeds(steps: readonly number[], labels: readonly number[]): Record<string, Tensor> {
    const { data, frequencies } = this.#model.embedTimesteps(steps.flatMap((timestep) => labels.map(() => timestep)));
    const rows = steps.length * labels.length;
    const ids = BigInt64Array.from(steps.flatMap(() => labels), BigInt);
    return {
      timesteps: new this.#host.Tensor('float32', data, [rows, frequencies]),
      labels: new this.#host.Tensor('int64', ids, [rows]),
    };
  }
}
