import type { Conditions } from '@procache/core';
import type { TransformerModel } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { OrtHost } from './host.ts';

/** Most bytes of modulations in one batch; a generation that takes more computes them in several. */
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
  /** The batches in memory, by their number: that of the current step and those that it looks ahead to. */
  readonly #batches = new Map<number, Float32Array<ArrayBuffer>>();

  constructor(model: TransformerModel, host: OrtHost, conditions: Conditions) {
    this.#model = model;
    this.#host = host;
    this.#conditions = conditions;
    this.#stepsPerBatch = Math.max(1, Math.floor(BATCH_BYTES / (4 * this.#perStep)));
  }

  /** The modulations of one step, [images, entries, width]. Steps are asked for in order, and those ahead of them. */
  async at(step: number): Promise<Float32Array> {
    const number = Math.floor(step / this.#stepsPerBatch);
    const batch = this.#batches.get(number) ?? (await this.#compute(number));
    const offset = (step % this.#stepsPerBatch) * this.#perStep;
    return batch.subarray(offset, offset + this.#perStep);
  }

  /** Lets go of what steps before this one needed. */
  discardBefore(step: number): void {
    for (const number of this.#batches.keys()) if ((number + 1) * this.#stepsPerBatch <= step) this.#batches.delete(number);
  }

  dispose(): void {
    this.#batches.clear();
  }

  /** Numbers that one step takes. */
  get #perStep(): number {
    return this.#conditions.labels.length * this.#perRow;
  }

  /** Numbers that one image takes at one step. */
  get #perRow(): number {
    return this.#model.stream.entries * this.#model.stream.width;
  }

  async #compute(number: number): Promise<Float32Array> {
    const { timesteps, labels } = this.#conditions;
    const steps = timesteps.slice(number * this.#stepsPerBatch, (number + 1) * this.#stepsPerBatch);
    const feeds = this.#feeds(steps, labels);
    const batch = new Float32Array(steps.length * this.#perStep);
    let column = 0;
    for (const graph of this.#model.conditioningGraphs()) {
      const session = await this.#host.open(graph, 'mapped');
      try {
        const { modulation } = await session.run(feeds);
        column += this.#place(batch, modulation!, column);
        modulation!.dispose();
      } finally {
        await session.release();
      }
    }
    this.#batches.set(number, batch);
    return batch;
  }

  /** Copies a part of every row to its place, and tells how wide it is. */
  #place(batch: Float32Array, part: Tensor, column: number): number {
    const [rows, numbers] = part.dims as readonly [number, number];
    const data = part.data as Float32Array;
    for (let row = 0; row < rows; row++) batch.set(data.subarray(row * numbers, (row + 1) * numbers), row * this.#perRow + column);
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
