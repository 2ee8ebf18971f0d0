import type { BranchId, Fold, Op, StepCall, Tokens } from '@procache/core';
import { inputOf, rowsOf, type TransformerModel } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { OrtHost } from './host.ts';

/** The inputs of a step graph (`stepGraph`) for one call. */
export function feedsOf(model: TransformerModel, host: OrtHost, call: StepCall<Tensor>, modulation: Float32Array): Record<string, Tensor> {
  const { stream, latent } = model;
  const images = call.latent.length / (latent.channels * latent.height * latent.width);
  const feeds: Record<string, Tensor> = {
    latent: new host.Tensor('float32', call.latent, [images, latent.channels, latent.height, latent.width]),
    modulation: new host.Tensor('float32', modulation, [images, stream.entries, stream.width]),
  };
  const coefficients = coefficientsOf(model, call.plan.ops, modulation, images);
  if (coefficients) {
    const terms = coefficients.length / (images * stream.width);
    feeds['coefficients'] = new host.Tensor('float32', coefficients, [terms, images, 1, stream.width]);
  }
  for (const [feature, tensors] of call.features) tensors.forEach((tensor, age) => (feeds[inputOf(feature, age)] = tensor));
  for (const [branch, tokens] of call.tokens) feeds[rowsOf(branch)] = rowsTensor(host, tokens, images, stream.tokens);
  return feeds;
}

/** Gate times weight of every folded feature, [terms, images, width]; nothing where nothing is folded. */
function coefficientsOf(model: TransformerModel, ops: readonly Op[], modulation: Float32Array, images: number): Float32Array | undefined {
  const { entries, width } = model.stream;
  const terms = ops
    .filter((op): op is Fold => op.op === 'fold')
    .flatMap((op) => op.terms.flatMap(({ feature, weights }) => weights.map((weight) => ({ feature, weight }))));
  if (terms.length === 0) return undefined;
  const coefficients = new Float32Array(terms.length * images * width);
  terms.forEach(({ feature, weight }, term) => {
    const gate = isBranch(feature) ? model.gateOf(feature) : undefined;
    for (let image = 0; image < images; image++) {
      const to = coefficients.subarray((term * images + image) * width, (term * images + image + 1) * width);
      if (gate === undefined) to.fill(weight);
      else for (let d = 0, from = (image * entries + gate) * width; d < width; d++) to[d] = modulation[from + d]! * weight;
    }
  });
  return coefficients;
}

function isBranch(feature: string): feature is BranchId {
  return feature.includes('.');
}

/** Token indices as rows of the streams of all images, [images, count]. */
function rowsTensor(host: OrtHost, { count, indices }: Tokens, images: number, tokens: number): Tensor {
  const rows = BigInt64Array.from(indices, (token, i) => BigInt(Math.floor(i / count) * tokens + token));
  return new host.Tensor('int64', rows, [images, count]);
}
