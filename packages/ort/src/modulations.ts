import type { Condition, Conditions } from '@procache/core';
import type { ModulationRows, OnnxGraph, TransformerModel } from '@procache/model';
import { floatsOf } from './floats-of.ts';
import type { OrtHost } from './host.ts';
import type { Prelude } from './prelude.ts';

/**
 * The shifts, scales and gates of every block at every step of one generation.
 *
 * Computed in batches of as many steps as fit, usually all, before the first step (`Prelude`).
 */
export class Modulations {
  readonly #model: TransformerModel;
  readonly #host: OrtHost;
  readonly #prelude: Prelude;
  readonly #conditions: Conditions;
  /** Each condition once: images of one share their modulations, as all unconditional ones do. */
  readonly #distinct: readonly Condition[];
  /** Rows of one step: how many of them differ. */
  readonly #rowsPerStep: number;
  readonly #stepsPerBatch: number;
  /** The batches in memory, by their number: that of the current step and those that it looks ahead to. */
  readonly #batches = new Map<number, Batch>();

  constructor(
    { model, host, prelude }: { readonly model: TransformerModel; readonly host: OrtHost; readonly prelude: Prelude },
    conditions: Conditions,
  ) {
    this.#model = model;
    this.#host = host;
    this.#prelude = prelude;
    this.#conditions = conditions;
    this.#distinct = [...new Set(conditions.images)];
    this.#rowsPerStep = model.modulationRows(conditions.timesteps.slice(0, 1), this.#distinct).rows;
    this.#stepsPerBatch = Math.max(1, Math.floor(prelude.batchBytes / (4 * this.#perStep)));
  }

  /**
   * The modulations of one step: for each image, [entries, width]. Steps are asked for in order, and those ahead of
   * them.
   */
  async at(step: number): Promise<readonly Float32Array[]> {
    const number = Math.floor(step / this.#stepsPerBatch);
    const { values, rowOf } = this.#batches.get(number) ?? (await this.#compute(number));
    const rows = this.#distinct.map((_, condition) => {
      const from = rowOf(step % this.#stepsPerBatch, condition) * this.#perRow;
      return values.subarray(from, from + this.#perRow);
    });
    return this.#conditions.images.map((condition) => rows[this.#distinct.indexOf(condition)]!);
  }

  /** Lets go of what steps before this one needed. */
  discardBefore(step: number): void {
    for (const number of this.#batches.keys())
      if ((number + 1) * this.#stepsPerBatch <= step) this.#batches.delete(number);
  }

  dispose(): void {
    this.#batches.clear();
  }

  /** Numbers that one step takes. */
  get #perStep(): number {
    return this.#rowsPerStep * this.#perRow;
  }

  /** Numbers of one row. */
  get #perRow(): number {
    return this.#model.stream.entries * this.#model.stream.width;
  }

  async #compute(number: number): Promise<Batch> {
    const timesteps = this.#conditions.timesteps.slice(
      number * this.#stepsPerBatch,
      (number + 1) * this.#stepsPerBatch,
    );
    const { rows, inputs, rowOf } = this.#model.modulationRows(timesteps, this.#distinct);
    const batch = { values: await this.#join(inputs, rows), rowOf };
    this.#batches.set(number, batch);
    return batch;
  }

  /** The parts of all graphs side by side, [rows, entries * width]; where there is but one, that one. */
  async #join(inputs: ModulationRows['inputs'], rows: number): Promise<Float32Array> {
    const graphs = this.#prelude.graphs.modulations;
    const modulationOf = async (graph: OnnxGraph) => (await this.#prelude.run(graph, inputs))['modulation']!;
    if (graphs.length === 1) return floatsOf(await modulationOf(graphs[0]!), 'freed');
    const batch = new Float32Array(rows * this.#perRow);
    let column = 0;
    for (const graph of graphs) {
      const part = await modulationOf(graph);
      column += this.#place(batch, await floatsOf(part, 'freed'), { rows, column });
      this.#host.free(part);
    }
    return batch;
  }

  /** Copies a part of every row to its place, and tells how wide it is. */
  #place(
    batch: Float32Array,
    part: Float32Array,
    { rows, column }: { readonly rows: number; readonly column: number },
  ): number {
    const numbers = part.length / rows;
    for (let row = 0; row < rows; row++)
      batch.set(part.subarray(row * numbers, (row + 1) * numbers), row * this.#perRow + column);
    return numbers;
  }
}

/** The modulations of some steps in a row. */
interface Batch {
  /** [rows, entries * width] */
  readonly values: Float32Array;
  /** The row of a step of the batch and a distinct condition. */
  readonly rowOf: ModulationRows['rowOf'];
}
