import type { Conditions } from '@procache/core';
import type { TransformerModel } from '@procache/model';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { OrtHost } from './host.ts';

/** Most bytes of modulations that are held at once; a longer generation computes them in several batches. */
const BATCH_BYTES = 128 * 2 ** 20;

/**
 * The shifts, scales and gates of every block at every step of one generation.
 *
 * Computed in batches of as many steps as fit, usually all: the weights for it (a third of a DiT)
 * are read once, straight from the file, and let go of before the first step.
 */
export class Modulations {
  readonly #model: TransformerModel;
  readonly #host: OrtHost;
  readonly #conditions: Conditions;
  readonly #stepsPerBatch: number;
  #session: InferenceSession | undefined;
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

  async dispose(): Promise<void> {
    this.#batch = new Float32Array(0);
    await this.#close();
  }

  /** Numbers that one step takes. */
  get #perStep(): number {
    const { entries, width } = this.#model.stream;
    return this.#conditions.labels.length * entries * width;
  }

  async #compute(first: number): Promise<void> {
    const { timesteps, labels } = this.#conditions;
    const steps = timesteps.slice(first, first + this.#stepsPerBatch);
    this.#session ??= await this.#host.open(this.#model.conditioningGraph(), 'mapped');
    const { modulation } = await this.#session.run(this.#feeds(steps, labels));
    this.#batch = modulation!.data as Float32Array<ArrayBuffer>;
    this.#first = first;
    if (first + steps.length >= timesteps.length) await this.#close();
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

  async #close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.release();
  }
}
