import {
  type AheadSum,
  type BranchId,
  type FeatureId,
  type Fold,
  isBranch,
  isPack,
  type Op,
  type Run,
  type StepCall,
  type StepChoices,
  type StepProgram,
  type Tokens,
} from '@procache/core';
import type { InputArray, TransformerModel } from '../model.ts';
import { agesOf, aheadCoefficientsOf, countOf, inputOf, packOf, rowsOf, staleScoresOf } from './names.ts';
import { Scratch } from './scratch.ts';

/** What a step graph is given besides the texts, by the names of its inputs. */
export interface StepFeeds<T> {
  /** Arrays that are made for the step, and written again for the next one. */
  readonly made: Readonly<Record<string, InputArray>>;
  /** The features that it is lent. */
  readonly lent: Readonly<Record<string, T>>;
}

/** The modulations of a step: for each image, [entries, width]. */
export type ModulationAt = (step: number) => Promise<readonly Float32Array[]>;

export type StepModel = Pick<TransformerModel, 'stream' | 'latent' | 'gateOf'>;

/**
 * The inputs of the steps of one generation, as `Lane` declares them:
 *
 * | input | shape | what |
 * |---|---|---|
 * | `latent` | [images, channels, height, width] | |
 * | `modulation` | [images, entries, width] | the step's shifts, scales and gates |
 * | `coefficients` | [terms, images, 1, width] | gate times weight of each folded feature, in the order of the folds |
 * | `slices` | [sums] | which sum of its pack each prepared sum is |
 * | `ahead coefficients i` | [branches, sums, images, 1, width] | what the i-th run adds up for later steps |
 * | `rows b` | [images, count] | the tokens that branch b refreshes, as rows of the streams of all images |
 * | `stale scores b` | [images, tokens] | the scores of which the refresh of branch b makes some anew |
 * | `ages b`, `count b` | [images, tokens], [1] | what it takes to choose tokens of branch b in the graph |
 * | `feature f k`, `pack i` | | what is lent |
 */
export class StepInputs {
  readonly #model: StepModel;
  readonly #modulationAt: ModulationAt;
  readonly #scratch = new Scratch();

  constructor(model: StepModel, modulationAt: ModulationAt) {
    this.#model = model;
    this.#modulationAt = modulationAt;
  }

  /** Those of one call, of a graph that was written for a program, which may give more than the call asks for. */
  async of<T>(program: StepProgram, call: StepCall<T>): Promise<StepFeeds<T>> {
    const { stream, latent } = this.#model;
    const images = call.latent.length / (latent.channels * latent.height * latent.width);
    const modulation = await this.#modulationAt(call.step);
    const made: Record<string, InputArray> = {
      latent: floats(call.latent, [images, latent.channels, latent.height, latent.width]),
      modulation: floats(
        concatenated(this.#scratch.take('modulation', images * stream.entries * stream.width), modulation),
        [images, stream.entries, stream.width],
      ),
      ...this.#ofFolds(foldsOf(call.plan.ops), modulation),
      ...(await this.#ofRuns(program, call.plan.ops, images)),
    };
    for (const [branch, tokens] of call.tokens) made[rowsOf(branch)] = rowsInput(tokens, images, stream.tokens);
    Object.assign(made, ofChoices(call.within, [images, stream.tokens]));
    return { made, lent: lentTo(call) };
  }

  /** What the folds take: gate times weight of every feature that they add, and which prepared sums. */
  #ofFolds(folds: readonly Fold[], modulation: readonly Float32Array[]): Record<string, InputArray> {
    const terms = folds.flatMap((fold) =>
      fold.terms.flatMap(({ feature, weights }) => weights.map((weight) => ({ feature, weight }))),
    );
    const sums = folds.flatMap((fold) => fold.sums ?? []);
    const inputs: Record<string, InputArray> = {};
    if (terms.length > 0) {
      const { width } = this.#model.stream;
      const perTerm = modulation.length * width;
      const coefficients = this.#scratch.take('coefficients', terms.length * perTerm);
      terms.forEach((term, i) => this.#write(coefficients.subarray(i * perTerm, (i + 1) * perTerm), term, modulation));
      inputs['coefficients'] = floats(coefficients, [terms.length, modulation.length, 1, width]);
    }
    if (sums.length > 0) {
      const data = BigInt64Array.from(sums, ({ index }) => BigInt(index));
      inputs['slices'] = { type: 'int64', data, shape: [sums.length] };
    }
    return inputs;
  }

  /** What the runs take to add up for later steps, with the gates of those. */
  async #ofRuns(program: StepProgram, ops: readonly Op[], images: number): Promise<Record<string, InputArray>> {
    const inputs: Record<string, InputArray> = {};
    const { width } = this.#model.stream;
    const runs = ops.filter((op): op is Run => op.op === 'run');
    const compiled = program.ops.filter((op) => op.op === 'run');
    for (const [run, { ahead: branches }] of compiled.entries()) {
      if (branches.length === 0) continue;
      const sums = runs[run]!.ahead?.sums ?? [];
      const perTerm = images * width;
      const coefficients = this.#scratch.take(`ahead ${run}`, branches.length * sums.length * perTerm).fill(0);
      for (const [s, sum] of sums.entries()) {
        const modulation = await this.#modulationAt(sum.step);
        for (const term of weightsOf(sum)) {
          const start = (branches.indexOf(term.feature) * sums.length + s) * perTerm;
          this.#write(coefficients.subarray(start, start + perTerm), term, modulation);
        }
      }
      inputs[aheadCoefficientsOf(run)] = floats(coefficients, [branches.length, sums.length, images, 1, width]);
    }
    return inputs;
  }

  /** Gate times weight of one feature for every image, [images, width]. */
  #write(
    to: Float32Array,
    { feature, weight }: { readonly feature: FeatureId; readonly weight: number },
    modulation: readonly Float32Array[],
  ): void {
    const { width } = this.#model.stream;
    const gate = isBranch(feature) ? this.#model.gateOf(feature) : undefined;
    if (gate === undefined) {
      to.fill(weight);
      return;
    }
    modulation.forEach((own, image) => {
      for (let d = 0, from = gate * width; d < width; d++) to[image * width + d] = own[from + d]! * weight;
    });
  }
}

/** The features and packs that a step reads, by the names of the inputs. */
function lentTo<T>({ plan, features }: StepCall<T>): Record<string, T> {
  const lent: Record<string, T> = {};
  for (const [feature, tensors] of features) {
    if (!isPack(feature)) tensors.forEach((tensor, age) => (lent[inputOf(feature, age)] = tensor));
  }
  const sums = foldsOf(plan.ops).flatMap((fold) => fold.sums ?? []);
  sums.forEach(({ pack }, i) => (lent[packOf(i)] = features.get(pack)![0]!));
  return lent;
}

function foldsOf(ops: readonly Op[]): readonly Fold[] {
  return ops.filter((op): op is Fold => op.op === 'fold');
}

/** The weight of each branch in a sum. */
function weightsOf({ terms }: AheadSum): readonly { readonly feature: BranchId; readonly weight: number }[] {
  return terms.map(({ branch, weight }) => ({ feature: branch, weight }));
}

function floats(data: Float32Array, shape: readonly number[]): InputArray {
  return { type: 'float32', data, shape };
}

/** What the choices take that the step makes itself. */
function ofChoices(within: StepChoices | undefined, shape: readonly number[]): Record<string, InputArray> {
  const inputs: Record<string, InputArray> = {};
  for (const [branch, scores] of within?.scores ?? []) inputs[staleScoresOf(branch)] = floats(scores, shape);
  for (const [branch, { count, ages }] of within?.choices ?? []) {
    inputs[agesOf(branch)] = floats(Float32Array.from(ages), shape);
    inputs[countOf(branch)] = { type: 'int64', data: BigInt64Array.of(BigInt(count)), shape: [1] };
  }
  return inputs;
}

/** The rows of all images, one after another. */
function concatenated(all: Float32Array<ArrayBuffer>, rows: readonly Float32Array[]): Float32Array {
  let offset = 0;
  for (const row of rows) {
    all.set(row, offset);
    offset += row.length;
  }
  return all;
}

/** Token indices as rows of the streams of all images, [images, count]. */
function rowsInput({ count, indices }: Tokens, images: number, tokens: number): InputArray {
  const data = BigInt64Array.from(indices, (token, i) => BigInt(Math.floor(i / count) * tokens + token));
  return { type: 'int64', data, shape: [images, count] };
}
