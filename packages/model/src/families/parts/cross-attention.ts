import type { BranchId } from '@procache/core';
import type { ContextTensor, ModuleCall, ModuleResult } from '../../graphs/emitter.ts';
import { asRows, attend, attentionEntropy, jointly, linear } from '../../graphs/layers.ts';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import type { Linear } from '../../onnx/weight.ts';

/** The layers of attention to a text, each [width, width]. */
export interface CrossAttention {
  readonly query: Linear;
  readonly keys: Linear;
  readonly values: Linear;
  readonly projection: Linear;
}

export interface CrossAttentionShape {
  readonly heads: number;
  /** Of an image. */
  readonly tokens: number;
  readonly width: number;
  /** Tokens of a text, the padding included. */
  readonly textTokens: number;
}

/** The layers that a step multiplies by; keys and values of a text are made before the first. */
export function crossAttentionLayers({ query, projection }: CrossAttention): readonly Linear[] {
  return [query, projection];
}

/** The keys and the values of some branches, [tokens, width] of each text. */
export function crossContexts(
  branches: readonly BranchId[],
  { textTokens, width }: Pick<CrossAttentionShape, 'textTokens' | 'width'>,
): readonly ContextTensor[] {
  return branches.flatMap((branch) =>
    (['keys', 'values'] as const).map((what) => ({ name: `${branch} ${what}`, shape: [textTokens, width] })),
  );
}

/** One of them: of what blocks see of the texts, [texts * tokens, width] -> [texts, tokens, width] */
export function crossContext(
  g: GraphBuilder,
  captions: Value,
  { name, shape }: ContextTensor,
  layersOf: (branch: BranchId) => CrossAttention,
): Value {
  const [branch, what] = name.split(' ') as [BranchId, 'keys' | 'values'];
  return g.op('Reshape', [linear(g, captions, layersOf(branch)[what]), g.integers([-1, ...shape])]);
}

/**
 * Attention of each image to its text, of some calls: no normalisation before it. Gives the score
 * `cross-attention-entropy`.
 */
export function crossAttention(
  g: GraphBuilder,
  { branch, calls }: { readonly branch: BranchId; readonly calls: readonly ModuleCall[] },
  { query, projection }: CrossAttention,
  shape: CrossAttentionShape,
): readonly ModuleResult[] {
  const { heads, tokens, width, textTokens: keys } = shape;
  const project = (parts: readonly Value[], layer: Linear) => jointly(g, parts, (rows) => linear(g, rows, layer));
  const wanted = calls.map(({ x, rows }) => {
    const all = asRows(g, x, width);
    return rows ? g.op('Gather', [all, g.op('Reshape', [rows, g.integers([-1])])], { axis: 0 }) : all;
  });
  const queries = project(wanted, query);
  const attended = calls.map((call, i) => {
    const text = [call.context(`${branch} keys`), call.context(`${branch} values`)] as const;
    const asked = call.rows ? g.op('Shape', [call.rows]) : tokens;
    return attend(g, [queries[i]!, ...text], { heads, width, keys, queries: asked, bias: call.padding() });
  });
  const features = project(
    attended.map(({ output }) => output),
    projection,
  );
  return calls.map(({ rows, observe }, i): ModuleResult => {
    const feature = rows ? features[i]! : g.op('Reshape', [features[i]!, g.integers([-1, tokens, width])]);
    return observe === 'cross-attention-entropy'
      ? { feature, score: attentionEntropy(g, attended[i]!.map) }
      : { feature };
  });
}
