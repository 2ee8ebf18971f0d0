import type { Condition } from '../running/condition.ts';
import type { Conditions } from '../running/transformer.ts';
import type { LatentShape } from '../sampling/latent-shape.ts';
import { uniforms } from '../sampling/random.ts';
import type { ScoreName } from '../schedule/schedule.ts';
import { type Branch, branchesOf, type BranchId, roleOf, tokensOf, type Topology } from '../topology.ts';
import { attended, fill, norms, received, type Stream } from './streams.ts';

/** What there is to say about a reference network; weights follow from the seed. */
export interface NetworkOptions {
  readonly topology: Topology;
  /** The width of a token; 4 by default. */
  readonly width?: number;
  /** Channels of the latent, 2 by default, which has one pixel per token. */
  readonly channels?: number;
  /** Channels that come out; as many by default. */
  readonly outChannels?: number;
  readonly seed?: number;
}

/** The arithmetic of a small diffusion transformer: what its parts compute, and nothing of when. */
export interface Network {
  readonly latent: LatentShape;
  readonly width: number;
  embed(latent: Float32Array, step: number): Stream;
  /**
   * What a module makes of the stream, before its gate. Only the rows of `tokens`, [images][count], are made; the
   * others are 0.
   */
  evaluate(branch: Branch, x: Stream, step: number, tokens?: readonly (readonly number[])[]): Stream;
  /**
   * Adds `weight` times a feature of a branch to the stream, in place, through the gate that the branch has at this
   * step.
   */
  add(x: Stream, branch: BranchId, feature: Stream, step: number, weight?: number): void;
  /**
   * The raw score of each token, [images, tokens], where the stream comes to a branch: attention received, and under
   * every other name the token's norm.
   */
  score(name: ScoreName, x: Stream, branch: Branch): Float32Array;
  /** [images, outChannels, height, width] */
  readOut(x: Stream, step: number): Float32Array;
}

/**
 * A transformer of random weights over plain arrays: x <- x + gate * tanh(W mix(x) + shift), branch after branch.
 *
 * Shifts and gates depend on the branch, the timestep and the label, as adaLN's do, and `mix`, of all modules but MLPs
 * (`roleOf`), is attention without weights of its own. Small enough to be read, and every branch, token and step leaves
 * a trace in the output.
 */
export function referenceNetwork(options: NetworkOptions, { timesteps, images: conditions }: Conditions): Network {
  const { topology, width = 4, channels = 2, outChannels = channels, seed = 0 } = options;
  const [images, tokens] = [conditions.length, tokensOf(topology)];
  const { input, output, matrices, conditioning } = randomWeights({ topology, width, channels, outChannels, seed });
  const modulation = modulationOf(conditioning, width, timesteps, conditions);

  return {
    latent: { channels, outChannels, height: topology.grid[0], width: topology.grid[1] },
    width,
    embed(latent, step) {
      return fill(images, tokens, width, (image, token, d) => {
        let sum = 0.1 * Math.sin(token * (d + 1) + timesteps[step]! / 50); // the position, and a trace of the time
        for (let c = 0; c < channels; c++)
          sum += input[d * channels + c]! * latent[(image * channels + c) * tokens + token]!;
        return sum;
      });
    },
    evaluate({ id, module }, x, step, chosen) {
      const matrix = matrices.get(id)!;
      const rows = chosen?.map((own) => new Set(own));
      const seen = roleOf(topology, module) === 'mlp' ? x : attended(x, images, tokens, width);
      return fill(images, tokens, width, (image, token, d) => {
        if (rows && !rows[image]!.has(token)) return 0;
        let sum = modulation(id, 0, step, image, d);
        for (let e = 0; e < width; e++) sum += matrix[d * width + e]! * seen[(image * tokens + token) * width + e]!;
        return Math.tanh(sum);
      });
    },
    add(x, id, feature, step, weight = 1) {
      for (let i = 0; i < x.length; i++)
        x[i]! += modulation(id, 2, step, Math.floor(i / (tokens * width)), i % width) * weight * feature[i]!;
    },
    score(name, x) {
      return name === 'attention' ? received(x, images, tokens, width) : norms(x, width);
    },
    readOut(x, step) {
      return Float32Array.from({ length: images * outChannels * tokens }, (_, i) => {
        const [token, channel, image] = [
          i % tokens,
          Math.floor(i / tokens) % outChannels,
          Math.floor(i / (tokens * outChannels)),
        ];
        let sum = 0.1 * Math.cos(timesteps[step]! / 50 + channel);
        for (let d = 0; d < width; d++) sum += output[channel * width + d]! * x[(image * tokens + token) * width + d]!;
        return sum;
      });
    },
  };
}

/** What a network knows: of its ends, and of each branch. All matrices are [rows, columns]. */
interface Weights {
  readonly input: Float64Array;
  readonly output: Float64Array;
  readonly matrices: ReadonlyMap<BranchId, Float64Array>;
  readonly conditioning: ReadonlyMap<BranchId, Float64Array>;
}

function randomWeights({ topology, width, channels, outChannels, seed }: Required<NetworkOptions>): Weights {
  const uniform = uniforms(seed);
  const weights = (rows: number, columns: number) =>
    Float64Array.from({ length: rows * columns }, () => (2 * uniform() - 1) * Math.sqrt(3 / columns));
  const [input, output] = [weights(width, channels), weights(outChannels, width)];
  const parts = branchesOf(topology).flat();
  const matrices = new Map(parts.map(({ id }) => [id, weights(width, width)]));
  const conditioning = new Map(parts.map(({ id }) => [id, weights(4, width)]));
  return { input, output, matrices, conditioning };
}

/** The shifts (`row` 0) and gates (`row` 2) of all branches: smooth in the timestep, different for each label. */
function modulationOf(
  weights: ReadonlyMap<BranchId, Float64Array>,
  width: number,
  timesteps: readonly number[],
  conditions: readonly Condition[],
) {
  return (id: BranchId, row: number, step: number, image: number, d: number): number => {
    const own = weights.get(id)!;
    return Math.sin(
      own[row * width + d]! * (timesteps[step]! / 100 + 1) +
        own[(row + 1) * width + d]! * (numberOf(conditions[image]!) + 1),
    );
  };
}

/** A condition as a number: a class itself, a text by its first value. */
function numberOf(condition: Condition): number {
  return typeof condition === 'number' ? condition : condition.values[0]!;
}
