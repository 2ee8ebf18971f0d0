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
  type StepProgram,
  type Tokens,
} from '@procache/core';
import { aheadCoefficientsOf, inputOf, packOf, rowsOf, type TransformerModel } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { OrtHost } from './host.ts';
import type { Modulations } from './modulations.ts';
import type { Scratch } from './scratch.ts';

/** What the inputs of a step graph are made from. */
export interface FeedParts {
  readonly model: TransformerModel;
  readonly host: OrtHost;
  readonly modulations: Modulations;
  /** The arrays of the generation's last step, to be written again. */
  readonly scratch: Scratch;
  /** The program that the graph was written for, which may give more than the call asks for. */
  readonly program: StepProgram;
}

/** The inputs of a step graph (`stepGraph`) for one call. */
export async function feedsOf(parts: FeedParts, call: StepCall<Tensor>): Promise<Record<string, Tensor>> {
  const { model, host, modulations, scratch } = parts;
  const { stream, latent } = model;
  const images = call.latent.length / (latent.channels * latent.height * latent.width);
  const modulation = await modulations.at(call.step);
  const feeds: Record<string, Tensor> = {
    latent: new host.Tensor('float32', call.latent, [images, latent.channels, latent.height, latent.width]),
    modulation: new host.Tensor(
      'float32',
      concatenated(scratch.take('modulation', images * stream.entries * stream.width), modulation),
      [images, stream.entries, stream.width],
    ),
    ...foldFeeds(parts, call, modulation, images),
    ...(await aheadFeeds(parts, call.plan.ops, images)),
  };
  for (const [feature, tensors] of call.features) {
    if (!isPack(feature)) tensors.forEach((tensor, age) => (feeds[inputOf(feature, age)] = tensor));
  }
  for (const [branch, tokens] of call.tokens) feeds[rowsOf(branch)] = rowsTensor(host, tokens, images, stream.tokens);
  return feeds;
}

/** What the folds take: gate times weight of every feature that they add, and the sums that were prepared for them. */
function foldFeeds(
  { model, host, scratch }: FeedParts,
  call: StepCall<Tensor>,
  modulation: readonly Float32Array[],
  images: number,
): Record<string, Tensor> {
  const folds = call.plan.ops.filter((op): op is Fold => op.op === 'fold');
  const terms = folds.flatMap((fold) =>
    fold.terms.flatMap(({ feature, weights }) => weights.map((weight) => ({ feature, weight }))),
  );
  const sums = folds.flatMap((fold) => fold.sums ?? []);
  const feeds: Record<string, Tensor> = {};
  if (terms.length > 0) {
    const { width } = model.stream;
    const coefficients = scratch.take('coefficients', terms.length * images * width);
    terms.forEach((term, i) =>
      writeCoefficients(model, coefficients.subarray(i * images * width, (i + 1) * images * width), term, modulation),
    );
    feeds['coefficients'] = new host.Tensor('float32', coefficients, [terms.length, images, 1, width]);
  }
  sums.forEach(({ pack }, i) => (feeds[packOf(i)] = call.features.get(pack)![0]!));
  if (sums.length > 0)
    feeds['slices'] = new host.Tensor(
      'int64',
      BigInt64Array.from(sums, ({ index }) => BigInt(index)),
      [sums.length],
    );
  return feeds;
}

/** What the runs take to add up for later steps, with the gates of those: [branches, sums, images, 1, width]. */
async function aheadFeeds(
  { model, host, modulations, program, scratch }: FeedParts,
  ops: readonly Op[],
  images: number,
): Promise<Record<string, Tensor>> {
  const feeds: Record<string, Tensor> = {};
  const runs = ops.filter((op): op is Run => op.op === 'run');
  const compiled = program.ops.filter((op) => op.op === 'run');
  for (const [run, { ahead: branches }] of compiled.entries()) {
    if (branches.length === 0) continue;
    const sums = runs[run]!.ahead?.sums ?? [];
    const perTerm = images * model.stream.width;
    const coefficients = scratch.take(`ahead ${run}`, branches.length * sums.length * perTerm).fill(0);
    for (const [s, sum] of sums.entries()) {
      const modulation = await modulations.at(sum.step);
      for (const term of weightsOf(sum)) {
        const start = (branches.indexOf(term.feature) * sums.length + s) * perTerm;
        writeCoefficients(model, coefficients.subarray(start, start + perTerm), term, modulation);
      }
    }
    feeds[aheadCoefficientsOf(run)] = new host.Tensor('float32', coefficients, [
      branches.length,
      sums.length,
      images,
      1,
      model.stream.width,
    ]);
  }
  return feeds;
}

/** The weight of each branch in a sum. */
function weightsOf({ terms }: AheadSum): readonly { readonly feature: BranchId; readonly weight: number }[] {
  return terms.map(({ branch, weight }) => ({ feature: branch, weight }));
}

/** Gate times weight of one feature for every image, [images, width]. */
function writeCoefficients(
  model: TransformerModel,
  to: Float32Array,
  { feature, weight }: { readonly feature: FeatureId; readonly weight: number },
  modulation: readonly Float32Array[],
): void {
  const { width } = model.stream;
  const gate = isBranch(feature) ? model.gateOf(feature) : undefined;
  if (gate === undefined) {
    to.fill(weight);
    return;
  }
  modulation.forEach((own, image) => {
    for (let d = 0, from = gate * width; d < width; d++) to[image * width + d] = own[from + d]! * weight;
  });
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
function rowsTensor(host: OrtHost, { count, indices }: Tokens, images: number, tokens: number): Tensor {
  const rows = BigInt64Array.from(indices, (token, i) => BigInt(Math.floor(i / count) * tokens + token));
  return new host.Tensor('int64', rows, [images, count]);
}
