import type { BranchId } from '@procache/core';
import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import type { StreamShape } from './emitter.ts';
import { aheadCoefficientsOf, aheadOf, IMAGES, inLane } from './names.ts';

/**
 * The sums that a run prepares for later steps, all in one tensor: [sums, images, tokens, width].
 *
 * Each feature is taken in as soon as it is there, and is then in the processor's cache. ONNX Runtime
 * orders nodes by walking back from the last one, along the input made last first. So that it takes
 * features in as they come, and not all of them at the end, each product is made before the sum so
 * far, and the last sum after everything else in the graph.
 */
export class AheadSums {
  readonly #g: GraphBuilder;
  readonly #stream: StreamShape;
  readonly #run: number;
  readonly #lane: number;
  readonly #branches: readonly BranchId[];
  readonly #coefficients: Value;
  #sum: Value | undefined;
  /** The product that is not in the sum yet. */
  #product: Value | undefined;

  /** Sums of these branches, of the `run`-th run of a lane's program. */
  constructor(
    g: GraphBuilder,
    stream: StreamShape,
    branches: readonly BranchId[],
    { lane, run }: { readonly lane: number; readonly run: number },
  ) {
    this.#g = g;
    this.#stream = stream;
    this.#run = run;
    this.#lane = lane;
    this.#branches = branches;
    this.#coefficients = g.input(inLane(lane, aheadCoefficientsOf(run)), 'float32', [
      branches.length,
      inLane(lane, `sums ahead ${run}`),
      inLane(lane, IMAGES),
      1,
      stream.width,
    ]);
  }

  /** Takes in a feature, [images, tokens, width]; nothing, where no sum wants it. */
  take(branch: BranchId, feature: Value): void {
    const index = this.#branches.indexOf(branch);
    if (index < 0) return;
    // [sums, images, 1, width]
    const coefficient = this.#g.op('Gather', [this.#coefficients, this.#g.integers(index)], { axis: 0 });
    const product = this.#g.op('Mul', [coefficient, feature]);
    this.#addPending();
    this.#product = product;
  }

  /** Makes the sums an output; to be called when the rest of the graph is written. */
  finish(): void {
    this.#addPending();
    const { tokens, width } = this.#stream;
    this.#g.output(inLane(this.#lane, aheadOf(this.#run)), this.#sum!, [
      inLane(this.#lane, `sums ahead ${this.#run}`),
      inLane(this.#lane, IMAGES),
      tokens,
      width,
    ]);
  }

  #addPending(): void {
    if (this.#product === undefined) return;
    this.#sum = this.#sum === undefined ? this.#product : this.#g.op('Add', [this.#sum, this.#product]);
    this.#product = undefined;
  }
}
