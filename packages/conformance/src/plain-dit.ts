import type { ScoreName } from '@procache/core';
import type { Tensors } from './fixtures.ts';

/** Vectors of tokens, or of anything else: [rows][width]. */
type Rows = readonly Float64Array[];

/** What tensors do not tell of a DiT. */
export interface PlainDitOptions {
  readonly heads: number;
  /** Tokens along the height and along the width of the latent. */
  readonly grid: readonly [rows: number, columns: number];
}

/** One evaluation of the model, for one image. */
export interface PlainEvaluation {
  /** [channels, height, width]: as many channels as the last layer has. */
  readonly output: Float32Array;
  /** What each branch makes before its gate, [tokens, width]. */
  readonly features: ReadonlyMap<string, Float32Array>;
  /** The raw scores of a branch's tokens, by the names that follow from one evaluation; [tokens] each. */
  readonly scores: ReadonlyMap<string, Readonly<Record<PlainScore, Float64Array>>>;
}

/** The scores that a DiT gives: `random` is none of its doing, and it has no cross-attention. */
export type PlainScore = Exclude<ScoreName, 'random' | 'cross-attention-entropy'>;
export const PLAIN_SCORES: readonly PlainScore[] = ['attention', 'value-norm', 'token-norm', 'similarity'];

/** A DiT, as a function of one latent [channels, height, width], the number of its time, and its label. */
export type PlainDit = (latent: Float32Array, time: number, label: number) => PlainEvaluation;

/** The epsilon of all normalisations. */
const EPSILON = 1e-6;

/**
 * A DiT in the names of its own code (Peebles and Xie, 2023, `models.py`), over plain arrays in double precision: the
 * slow twin of the graphs, written after the paper and not after them.
 */
export async function plainDit(tensors: Tensors, { heads, grid }: PlainDitOptions): Promise<PlainDit> {
  const values = new Map<string, Float32Array>();
  for (const name of tensors.names) values.set(name, await tensors.floats(name));
  const weight = (name: string) => values.get(name)!;
  /** What a linear layer makes of each row: [rows][in] -> [rows][out]. */
  const linear = (rows: Rows, layer: string): Rows => {
    const [matrix, bias] = [weight(`${layer}.weight`), weight(`${layer}.bias`)];
    return rows.map((row) =>
      Float64Array.from(bias, (start, out) => {
        let sum = start;
        for (let i = 0; i < row.length; i++) sum += matrix[out * row.length + i]! * row[i]!;
        return sum;
      }),
    );
  };
  const [hidden, channels, patch] = tensors.shape('x_embedder.proj.weight') as [number, number, number];
  const depth = new Set(tensors.names.flatMap((name) => /^blocks\.(\d+)\./.exec(name)?.[1] ?? [])).size;
  const [height, width] = [grid[0] * patch, grid[1] * patch];

  const conditionOf = (time: number, label: number): Rows => {
    const half = tensors.shape('t_embedder.mlp.0.weight')[1]! / 2;
    const angles = Array.from({ length: half }, (_, i) => time * 10_000 ** (-i / half));
    const waves = Float64Array.from([...angles.map(Math.cos), ...angles.map(Math.sin)]);
    const embedded = linear([linear([waves], 't_embedder.mlp.0')[0]!.map(silu)], 't_embedder.mlp.2')[0]!;
    const table = weight('y_embedder.embedding_table.weight');
    return [embedded.map((value, d) => silu(value + table[label * hidden + d]!))];
  };

  const embed = (latent: Float32Array): Rows => {
    const patches = tokensOf(grid, (row, column) =>
      Float64Array.from({ length: channels * patch ** 2 }, (_, i) => {
        const [channel, y, x] = [Math.floor(i / patch ** 2), Math.floor(i / patch) % patch, i % patch];
        return latent[(channel * height + row * patch + y) * width + column * patch + x]!;
      }),
    );
    const positions = weight('pos_embed');
    return linear(patches, 'x_embedder.proj').map((row, token) =>
      row.map((value, d) => value + positions[token * hidden + d]!),
    );
  };

  const readOut = (x: Rows, condition: Rows): Float32Array => {
    const [shift, scale] = parts(linear(condition, 'final_layer.adaLN_modulation.1')[0]!, 2);
    const pixels = linear(modulated(x, shift!, scale!), 'final_layer.linear');
    const outChannels = pixels[0]!.length / patch ** 2;
    return Float32Array.from({ length: outChannels * height * width }, (_, i) => {
      const [channel, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
      const token = Math.floor(y / patch) * grid[1] + Math.floor(x / patch);
      return pixels[token]![((y % patch) * patch + (x % patch)) * outChannels + channel]!;
    });
  };

  return (latent, time, label) => {
    const condition = conditionOf(time, label);
    const features = new Map<string, Float32Array>();
    const scores = new Map<string, Readonly<Record<PlainScore, Float64Array>>>();
    let x = embed(latent);
    for (let block = 0; block < depth; block++) {
      const layer = `blocks.${block}`;
      const modulation = parts(linear(condition, `${layer}.adaLN_modulation.1`)[0]!, 6);
      const [shift1, scale1, gate1, shift2, scale2, gate2] = modulation as [Float64Array, ...Float64Array[]];
      const qkv = linear(modulated(x, shift1, scale1!), `${layer}.attn.qkv`).map((row) => parts(row, 3));
      const { output, received } = attention(qkv, heads);
      const speaking = { attention: received, 'value-norm': Float64Array.from(qkv, ([, , v]) => length(v!)) };
      const add = (module: string, feature: Rows, gate: Float64Array) => {
        const similarity = x.map((row, token) => 1 - dot(row, feature[token]!) / length(row) / length(feature[token]!));
        const own = { 'token-norm': Float64Array.from(x, length), similarity: Float64Array.from(similarity) };
        features.set(`${block}.${module}`, Float32Array.from(feature.flatMap((row) => [...row])));
        scores.set(`${block}.${module}`, { ...speaking, ...own });
        x = x.map((row, token) => row.map((value, d) => value + gate[d]! * feature[token]![d]!));
      };
      add('attn', linear(output, `${layer}.attn.proj`), gate1!);
      const inner = linear(modulated(x, shift2!, scale2!), `${layer}.mlp.fc1`).map((row) => row.map(gelu));
      add('mlp', linear(inner, `${layer}.mlp.fc2`), gate2!);
    }
    return { output: readOut(x, condition), features, scores };
  };
}

/** What each token of a grid is, row by row. */
function tokensOf([rows, columns]: PlainDitOptions['grid'], at: (row: number, column: number) => Float64Array): Rows {
  return Array.from({ length: rows * columns }, (_, token) => at(Math.floor(token / columns), token % columns));
}

/** Softmax attention of queries, keys and values, and how much of it each token receives: the mean over the heads. */
function attention(qkv: readonly Rows[], heads: number): { output: Rows; received: Float64Array } {
  const width = qkv[0]![0]!.length / heads;
  const received = new Float64Array(qkv.length);
  const output = qkv.map(() => new Float64Array(heads * width));
  for (let head = 0; head < heads; head++) {
    const own = qkv.map((all) => all.map((row) => row.subarray(head * width, (head + 1) * width)));
    own.forEach(([query], token) => {
      const products = own.map(([, key]) => Math.exp(dot(query!, key!) / Math.sqrt(width)));
      const total = products.reduce((a, b) => a + b, 0);
      own.forEach(([, , value], other) => {
        const share = products[other]! / total;
        received[other]! += share / heads;
        value!.forEach((v, d) => (output[token]![head * width + d]! += share * v));
      });
    });
  }
  return { output, received };
}

/** Each row brought to mean 0 and variance 1, then scaled and shifted. */
function modulated(rows: Rows, shift: Float64Array, scale: Float64Array): Rows {
  return rows.map((row) => {
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
    return row.map((value, d) => ((value - mean) / Math.sqrt(variance + EPSILON)) * (1 + scale[d]!) + shift[d]!);
  });
}

/** A row in equal parts. */
function parts(row: Float64Array, count: number): Float64Array[] {
  const width = row.length / count;
  return Array.from({ length: count }, (_, i) => row.subarray(i * width, (i + 1) * width));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function length(row: Float64Array): number {
  return Math.sqrt(dot(row, row));
}

function silu(x: number): number {
  return x / (1 + Math.exp(-x));
}

/** With the approximation by a hyperbolic tangent that DiT asks torch for. */
function gelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}
