import { linear, silu } from '../../graphs/layers.ts';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import type { Linear } from '../../onnx/weight.ts';
import type { WeightSource } from '../weight-finder.ts';

/** What makes a vector of a timestep's sines and cosines: [width, frequencies], then [width, width]. */
export interface TimestepEmbedder {
  readonly timestep1: Linear;
  readonly timestep2: Linear;
}

/** Finds the layers under the names that a flavour gives them. */
export async function timestepEmbedder(
  find: WeightSource,
  [first, second]: readonly [string, string],
  { width, frequencies }: { readonly width: number; readonly frequencies: number },
): Promise<TimestepEmbedder> {
  return {
    timestep1: await find.linear(first, width, frequencies),
    timestep2: await find.linear(second, width, width),
  };
}

/** `timestepEmbeddings`, [rows, frequencies] -> [rows, width] */
export function embedTimesteps(g: GraphBuilder, embeddings: Value, { timestep1, timestep2 }: TimestepEmbedder): Value {
  return linear(g, silu(g, linear(g, embeddings, timestep1)), timestep2);
}

/**
 * Sinusoidal embeddings of timesteps, [timesteps, frequencies]: cosines, then sines, of the timestep
 * times 10000^(-i / (half - shift)).
 *
 * Rounded to 32 bits after each operation, as the implementations that the weights were trained
 * with do: at timestep 999 a rounding of the frequency moves the angle by 6e-5.
 */
export function timestepEmbeddings(timesteps: readonly number[], frequencies: number, shift: 0 | 1): Float32Array {
  const half = frequencies / 2;
  const embeddings = new Float32Array(timesteps.length * frequencies);
  for (let i = 0; i < half; i++) {
    const exponent = Math.fround(Math.fround(Math.fround(-Math.log(10000)) * i) / (half - shift));
    const frequency = Math.fround(Math.exp(exponent));
    timesteps.forEach((timestep, row) => {
      const angle = Math.fround(Math.fround(timestep) * frequency);
      embeddings[row * frequencies + i] = Math.cos(angle);
      embeddings[row * frequencies + half + i] = Math.sin(angle);
    });
  }
  return embeddings;
}
