import type { Conditions } from '@procache/core';
import type { TransformerModel } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { Conditioning } from './conditioning.ts';
import type { OrtHost } from './host.ts';

/** Most bytes of modulations in one batch; a generation that takes more computes them in several. */
const BATCH_BYTES = 128 * 2 ** 20;

/**
 * The shifts, scales and gates of every block at every step of one generation.
 *
 * Computed in batches of as many steps as fit, usually all, before the first step (`Conditioning`).
 */
export class Modulations {
  readonly #model: TransformerModel;
  readonly #host: OrtHost;
  readonly #conditioning: Conditioning;
  readonly #conditions: Conditions;
  /** Each label once: images of one label share their modulations, as all unconditional ones do. */
  readonly #labels: readonly number[];
  readonly #stepsPerBatch: number;
  /** The batches in memory, by their number: that of the current step and those that it looks ahead to. */
  readonly #batches = new Map<number, Float32Array<ArrayBuffer>>();

  constructor(model: TransformerModel, host: OrtHost, conditioning: Conditioning, conditions: Conditions) {
    this.#model = model;
    this.#host = host;
    this.#conditioning = conditioning;
    this.#conditions = conditions;
    this.#labels = [...new Set(conditions.labels)];
    this.#stepsPerBatch = Math.max(1, Math.floor(BATCH_BYTES / (4 * this.#perStep)));
  }

  /** The modulations of one step: for each image, [entries, width]. Steps are asked for in order, and those ahead of them. */
  async at(step: number): Promise<readonly Float32Array[]> {
    const number = Math.floor(step / this.#stepsPerBatch);
    const batch = this.#batches.get(number) ?? (await this.#compute(number));
    const offset = (step % this.#stepsPerBatch) * this.#perStep;
    const rows = this.#labels.map((_, i) => batch.subarray(offset + i * this.#perRow, offset + (i + 1) * this.#perRow));
    return this.#conditions.labels.map((label) => rows[this.#labels.indexOf(label)]!);
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
    return this.#labels.length * this.#perRow;
  }

  /** Numbers that one label takes at one step. */
  get #perRow(): number {
    return this.#model.stream.entries * this.#model.stream.width;
  }

  async #compute(number: number): Promise<Float32Array> {
    const { timesteps } = this.#conditions;
    const steps = timesteps.slice(number * this.#stepsPerBatch, (number + 1) * this.#stepsPerBatch);
    const batch = await this.#join(this.#feeds(steps), steps.length);
    this.#batches.set(number, batch);
    return batch;
  }

  /** The parts of all graphs side by side, [rows, entries * width]; where there is but one, that one. */
  async #join(feeds: Readonly<Record<string, Tensor>>, steps: number): Promise<Float32Array<ArrayBuffer>> {
    const { graphs } = this.#conditioning;
    if (graphs.length === 1) return (await this.#conditioning.run(graphs[0]!, feeds)).data as Float32Array<ArrayBuffer>;
    const batch = new Float32Array(steps * this.#perStep);
    let column = 0;
    for (const graph of graphs) {
      const part = await this.#conditioning.run(graph, feeds);
      column += this.#place(batch, part, column);
      this.#host.free(part);
    }
    return batch;
  }

  /** Copies a part of every row to its place, and tells how wide it is. */
  #place(batch: Float32Array, part: Tensor, column: number): number {
    const [rows, numbers] = part.dims as readonly [number, number];
    const data = part.data as Float32Array;
    for (let row = 0; row < rows; row++) batch.set(data.subarray(row * numbers, (row + 1) * numbers), row * this.#perRow + column);
    return numbers;
  }

  #feeds(steps: readonly number[]): Record<string, Tensor> {
    const labels = this.#labels;
    const { data, frequencies } = this.#model.embedTimesteps(steps.flatMap((timestep) => labels.map(() => timestep)));
    const rows = steps.length * labels.length;
    const ids = BigInt64Array.from(steps.flatMap(() => labels), BigInt);
    return {
      timesteps: new this.#host.Tensor('float32', data, [rows, frequencies]),
      labels: new this.#host.Tensor('int64', ids, [rows]),
    };
  }
}
