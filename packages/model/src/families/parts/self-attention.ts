import type { ModuleCall, ModuleResult } from '../../graphs/emitter.ts';
import { asRows, attend, attentionReceived, jointly, linear, scaledNorm } from '../../graphs/layers.ts';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import { type Linear, rows } from '../../onnx/weight.ts';
import type { WeightSource } from '../weight-finder.ts';
import { modulated } from './modulated.ts';

/** The layers of attention among the tokens of an image, each [width, width]. */
export interface SelfAttention {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  /** Scale and shift of the normalisation of each head's queries, [width / heads], where there is one. */
  readonly queryNorm: Linear | undefined;
  readonly keyNorm: Linear | undefined;
  readonly projection: Linear;
}

export interface SelfAttentionShape {
  readonly heads: number;
  readonly tokens: number;
  readonly width: number;
  /** The first vector of its modulation. */
  readonly shift: number;
  /** Of the normalisation before it. */
  readonly epsilon: number;
}

/** The epsilon of the normalisation of heads, torch's own. */
const HEAD_EPSILON = 1e-5;

/** Finds the layers under the names of timm: one tensor for queries, keys and values. */
export async function fusedSelfAttention(
  find: WeightSource,
  at: string,
  { width, heads, normsHeads }: { readonly width: number; readonly heads: number; readonly normsHeads: boolean },
): Promise<SelfAttention> {
  const qkv = await find.linear(`${at}.qkv`, 3 * width, width);
  const third = (n: number): Linear => ({
    weight: rows(qkv.weight, n * width, width),
    bias: rows(qkv.bias, n * width, width),
  });
  const norm = (name: string) => (normsHeads ? headNorm(find, name, width / heads) : undefined);
  return {
    query: third(0),
    key: third(1),
    value: third(2),
    queryNorm: await norm(`${at}.q_norm`),
    keyNorm: await norm(`${at}.k_norm`),
    projection: await find.linear(`${at}.proj`, width, width),
  };
}

/** Finds the layers under the names of diffusers. */
export async function splitSelfAttention(find: WeightSource, at: string, width: number): Promise<SelfAttention> {
  return {
    query: await find.linear(`${at}.to_q`, width, width),
    key: await find.linear(`${at}.to_k`, width, width),
    value: await find.linear(`${at}.to_v`, width, width),
    queryNorm: undefined,
    keyNorm: undefined,
    projection: await find.linear(`${at}.to_out.0`, width, width),
  };
}

/** The scale and the shift of a normalisation, one number of each for each of a head's. */
async function headNorm(find: WeightSource, name: string, width: number): Promise<Linear> {
  return { weight: await find.weight(`${name}.weight`, [width]), bias: await find.weight(`${name}.bias`, [width]) };
}

/** The layers that there are. */
export function selfAttentionLayers({
  query,
  key,
  value,
  queryNorm,
  keyNorm,
  projection,
}: SelfAttention): readonly Linear[] {
  return [query, key, value, queryNorm, keyNorm, projection].filter((layer) => layer !== undefined);
}

/** Modulated attention among the tokens of each image, of some calls; gives the scores `attention` and `value-norm`. */
export function selfAttention(
  g: GraphBuilder,
  calls: readonly ModuleCall[],
  layers: SelfAttention,
  shape: SelfAttentionShape,
): readonly ModuleResult[] {
  const { heads, tokens, width } = shape;
  const all = calls.map(({ x, modulation }) => modulated(g, x, modulation, shape));
  const wanted = calls.map(({ rows }, i) =>
    rows ? g.op('Gather', [all[i]!, g.op('Reshape', [rows, g.integers([-1])])], { axis: 0 }) : all[i]!,
  );
  const project = (parts: readonly Value[], layer: Linear) => jointly(g, parts, (rows) => linear(g, rows, layer));
  const v = project(all, layers.value);
  const q = perHead(g, project(wanted, layers.query), layers.queryNorm, shape);
  const k = perHead(g, project(all, layers.key), layers.keyNorm, shape);
  const attended = calls.map(({ rows }, i) => {
    const queries = rows ? g.op('Shape', [rows]) : tokens;
    return attend(g, [q[i]!, k[i]!, v[i]!], { heads, width, keys: tokens, queries });
  });
  const features = project(
    attended.map(({ output }) => output),
    layers.projection,
  );
  const asTokens = (value: Value) => g.op('Reshape', [value, g.integers([-1, tokens, width])]);
  return calls.map(({ rows, observe }, i): ModuleResult => {
    if (rows) return { feature: features[i]! };
    const score =
      observe === 'attention'
        ? attentionReceived(g, attended[i]!.map, heads)
        : observe === 'value-norm'
          ? g.op('ReduceL2', [asTokens(v[i]!), g.integers([-1])], { keepdims: 0 })
          : undefined;
    return { feature: asTokens(features[i]!), ...(score && { score }) };
  });
}

/** Queries or keys, [rows, width], normalised head by head where the model does so. */
function perHead(
  g: GraphBuilder,
  parts: readonly Value[],
  norm: Linear | undefined,
  { heads, width }: SelfAttentionShape,
): readonly Value[] {
  if (!norm) return parts;
  return parts.map((part) => asRows(g, scaledNorm(g, asRows(g, part, width / heads), norm, HEAD_EPSILON), width));
}
