import type { BranchId } from '@procache/core';
import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import type { StreamShape } from './emitter.ts';
import { aheadCoefficientsOf, aheadOf, IMAGES, inLane } from './names.ts';

/**
 * The sums that a run prepares for later steps, all in one tensor: [sums, images, tokens, width].
 *
 * Each feature is to be taken in as soon as it is there: then it is in the processor's cache, and its memory is free
 * for the next. But ONNX Runtime does not run nodes as they are written. It begins at the last node and runs, before a
 * node, what makes its inputs, the input that was written last first. Take three features f0, f1 and f2, each made from
 * the one before, and their products with the coefficients, p0, p1 and p2. Written as one would,
 *
 *     f0   p0   f1   p1   s1 = p0 + p1   f2   p2   s2 = s1 + p2
 *
 * the inputs of s2 are s1 and p2, of which p2 is the younger. So p2 comes first, with all that it needs, and features
 * that nobody has taken in yet pile up to the end of the model: it runs f0 f1 f2 p2, then p1 p0 s1, then s2. So each
 * sum is written after the product that is added to it next,
 *
 *     f0   p0   f1   p1   f2   p2   s1 = p0 + p1   ...   s2 = s1 + p2
 *
 * and is the younger of the two: it runs f0 f1 p1 p0 s1, then f2 p2 s2, and never are more than two features waiting.
 * The last sum is written after everything else in the graph, since it is from the last node that ONNX Runtime begins.
 */
export class AheadSums {
  readonly #g: GraphBuilder;
  readonly #stream: StreamShape;
  readonly #run: number;
  readonly #lane: number;
  readonly #branches: readonly BranchId[];
  readonly #coefficients: Value;
  #sum: Value | undefined;
  /** The product that is not in the sum yet: it is added once the next one is written. */
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
    const [sums, images] = [`sums ahead ${this.#run}`, IMAGES].map((extent) => inLane(this.#lane, extent));
    const name = inLane(this.#lane, aheadOf(this.#run));
    this.#g.output(name, this.#sum!, [sums!, images!, tokens, width], 'feature');
  }

  #addPending(): void {
    if (this.#product === undefined) return;
    this.#sum = this.#sum === undefined ? this.#product : this.#g.op('Add', [this.#sum, this.#product]);
    this.#product = undefined;
  }
}
