import {
  type Branch,
  type BranchId,
  type Conditions,
  type LatentShape,
  parseBranch,
  type TextEmbedding,
} from '@procache/core';
import type { Network, Stream } from '@procache/core/reference';
import { type FloatTensors, TINY_TEXT_SIZES } from './tiny-text.ts';

const { width, heads, patch, channels, rows, columns, frequencies, textWidth } = TINY_TEXT_SIZES;
const TOKENS = rows * columns;
type Vector = readonly number[];

/** The arithmetic of `TINY_TEXT` over plain arrays, vector by vector: padding is not seen at all. */
export class TinyTextNetwork implements Network {
  readonly latent: LatentShape = { channels, outChannels: channels, height: rows * patch, width: columns * patch };
  readonly width: number = width;
  readonly #tensors: FloatTensors;
  readonly #images: number;
  /** What the blocks see of each image's text, word by word. */
  readonly #captions: readonly (readonly Vector[])[];
  /** What becomes of each step's time. */
  readonly #times: readonly Vector[];

  constructor(tensors: FloatTensors, { timesteps, images }: Conditions) {
    this.#tensors = tensors;
    this.#images = images.length;
    this.#captions = (images as readonly TextEmbedding[]).map(({ values, tokens }) =>
      Array.from({ length: tokens }, (_, token) => {
        const word = [...values.subarray(token * textWidth, (token + 1) * textWidth)];
        return this.#layer('caption.fc2', this.#layer('caption.fc1', word).map(gelu));
      }),
    );
    this.#times = timesteps.map((time) => {
      const angles = Array.from({ length: frequencies / 2 }, (_, i) => time * 10_000 ** (-i / (frequencies / 2)));
      return this.#layer('time.2', this.#layer('time.0', [...angles.map(Math.cos), ...angles.map(Math.sin)]).map(silu));
    });
  }

  embed(latent: Float32Array): Stream {
    return streamOf(this.#images, (image, token) => {
      const pixels = Array.from({ length: channels * patch ** 2 }, (_, i) => {
        const [channel, y, x] = [Math.floor(i / patch ** 2), Math.floor(i / patch) % patch, i % patch];
        return latent[pixelAt(image, channel, token, [y, x])]!;
      });
      return this.#layer('patch', pixels).map((value, d) => value + position(token, d));
    });
  }

  evaluate({ block, module }: Branch, x: Stream, step: number, chosen?: readonly (readonly number[])[]): Stream {
    const first = module === 'mlp' ? 3 : 0;
    const modulated = (token: Vector) =>
      shifted(token, this.#vector(step, block, first), this.#vector(step, block, first + 1));
    return streamOf(this.#images, (image, token) => {
      if (chosen && !chosen[image]!.includes(token)) return new Array<number>(width).fill(0);
      const own = tokensOf(x, image);
      if (module === 'cross') return this.#cross(block, own[token]!, this.#captions[image]!);
      return module === 'mlp'
        ? this.#mlp(block, modulated(own[token]!))
        : this.#attention(block, own.map(modulated), token);
    });
  }

  add(x: Stream, id: BranchId, feature: Stream, step: number, factor = 1): void {
    const { block, module } = parseBranch(id);
    const gate = module === 'cross' ? undefined : this.#vector(step, block, module === 'attn' ? 2 : 5);
    for (let i = 0; i < x.length; i++) x[i]! += (gate?.[i % width] ?? 1) * factor * feature[i]!;
  }

  score(name: string, x: Stream, { block }: Branch): Float32Array {
    const token = (n: number) => [...x.subarray(n * width, (n + 1) * width)];
    return Float32Array.from({ length: x.length / width }, (_, n) =>
      name === 'cross-attention-entropy'
        ? this.#entropy(block, token(n), this.#captions[Math.floor(n / TOKENS)]!)
        : Math.hypot(...token(n)),
    );
  }

  readOut(x: Stream, step: number): Float32Array {
    const table = this.#weight('head.table');
    const vector = (n: number) => this.#times[step]!.map((value, d) => value + table[n * width + d]!);
    const output = new Float32Array(this.#images * channels * TOKENS * patch ** 2);
    for (let image = 0; image < this.#images; image++)
      tokensOf(x, image).forEach((own, token) => {
        this.#layer('head', shifted(own, vector(0), vector(1))).forEach((value, i) => {
          const pixel = [Math.floor(i / channels / patch), Math.floor(i / channels) % patch] as const;
          output[pixelAt(image, i % channels, token, pixel)] = value;
        });
      });
    return output;
  }

  #attention(block: number, tokens: readonly Vector[], token: number): Vector {
    const all = tokens.map((each) => this.#layer(`parts.${block}.attn.qkv`, each));
    const seen = all.map((qkv) => [qkv.slice(width, 2 * width), qkv.slice(2 * width)] as const);
    return this.#layer(`parts.${block}.attn.proj`, attended(all[token]!.slice(0, width), seen));
  }

  #cross(block: number, token: Vector, caption: readonly Vector[]): Vector {
    const layer = (name: string, x: Vector) => this.#layer(`parts.${block}.cross.${name}`, x);
    const seen = caption.map((word) => [layer('keys', word), layer('values', word)] as const);
    return layer('projection', attended(layer('query', token), seen));
  }

  /** 1 and the entropy of what a token attends to, by the mean share that the heads give to each word. */
  #entropy(block: number, token: Vector, caption: readonly Vector[]): number {
    const layer = (name: string, x: Vector) => this.#layer(`parts.${block}.cross.${name}`, x);
    const keys = caption.map((word) => layer('keys', word));
    const depth = width / heads;
    const query = layer('query', token);
    const each = Array.from({ length: heads }, (_, head) => sharesOf(query, keys, head * depth));
    const means = keys.map((_, word) => each.reduce((sum, own) => sum + own[word]!, 0) / heads);
    return 1 - means.reduce((sum, share) => sum + share * Math.log(share + 1e-7), 0);
  }

  #mlp(block: number, token: Vector): Vector {
    return this.#layer(`parts.${block}.mlp.fc2`, this.#layer(`parts.${block}.mlp.fc1`, token).map(gelu));
  }

  /** The n-th of the six vectors of a block. */
  #vector(step: number, block: number, n: number): Vector {
    const table = this.#weight(`parts.${block}.table`);
    const all = this.#layer('modulation', this.#times[step]!.map(silu));
    return Array.from({ length: width }, (_, d) => all[n * width + d]! + table[n * width + d]!);
  }

  #layer(name: string, x: Vector): Vector {
    const matrix = this.#weight(`${name}.weight`);
    return Array.from(this.#weight(`${name}.bias`), (bias, out) =>
      x.reduce((sum, value, i) => sum + matrix[out * x.length + i]! * value, bias),
    );
  }

  #weight(name: string): Float32Array {
    return this.#tensors.get(`tiny_text.${name}`)!.data;
  }
}

/** Where a pixel of a token's patch lies in a batch of images. */
function pixelAt(image: number, channel: number, token: number, [y, x]: readonly [number, number]): number {
  const [row, column] = [Math.floor(token / columns) * patch + y, (token % columns) * patch + x];
  return ((image * channels + channel) * rows * patch + row) * columns * patch + column;
}

/** The position of a token, as MAE has it: sines and cosines of the column, then of the row. */
function position(token: number, d: number): number {
  const quarter = width / 4;
  const coordinate = d < 2 * quarter ? token % columns : Math.floor(token / columns);
  const angle = coordinate * 10_000 ** (-(d % quarter) / quarter);
  return Math.floor(d / quarter) % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
}

/** What a query makes of keys and values, head by head. */
function attended(query: Vector, seen: readonly (readonly [key: Vector, value: Vector])[]): Vector {
  const depth = width / heads;
  const keys = seen.map(([key]) => key);
  return Array.from({ length: width }, (_, d) => {
    const shares = sharesOf(query, keys, d - (d % depth));
    return seen.reduce((sum, [, value], i) => sum + shares[i]! * value[d]!, 0);
  });
}

/** The share that the head which begins at `from` gives to each key. */
function sharesOf(query: Vector, keys: readonly Vector[], from: number): Vector {
  const depth = width / heads;
  const powers = keys.map((key) => {
    let product = 0;
    for (let e = from; e < from + depth; e++) product += query[e]! * key[e]!;
    return Math.exp(product / Math.sqrt(depth));
  });
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

function shifted(x: Vector, shift: Vector, scale: Vector): Vector {
  return normalised(x).map((value, d) => value * (1 + scale[d]!) + shift[d]!);
}

function normalised(x: Vector): Vector {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return x.map((value) => (value - mean) / Math.sqrt(variance + 1e-6));
}

function streamOf(images: number, value: (image: number, token: number) => Vector): Stream {
  return Float64Array.from(
    Array.from({ length: images * TOKENS }, (_, n) => value(Math.floor(n / TOKENS), n % TOKENS)).flat(),
  );
}

/** The tokens of an image. */
function tokensOf(x: Stream, image: number): readonly Vector[] {
  return Array.from({ length: TOKENS }, (_, token) => [
    ...x.subarray((image * TOKENS + token) * width, (image * TOKENS + token + 1) * width),
  ]);
}

function silu(x: number): number {
  return x / (1 + Math.exp(-x));
}

function gelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}
