import { writeSafetensors, type TensorValues } from '@procache/model';

/** The extents of a DiT. */
export interface RandomDitOptions {
  /** Tokens along the height and along the width. */
  readonly grid: readonly [rows: number, columns: number];
  readonly hidden: number;
  readonly depth: number;
  readonly channels: number;
  readonly patch: number;
  /** Rows of the label table, the one of "no class" included. */
  readonly labels: number;
}

/**
 * The safetensors file of a DiT in the names of its own code, whose weights are drawn evenly from ranges in which every
 * branch, token and channel leaves a trace in the output. Equal extents give equal files.
 */
export function randomDit({ grid, hidden, depth, channels, patch, labels }: RandomDitOptions): Uint8Array {
  const tensors = new Map<string, TensorValues>();
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0; // the C standard's example of a generator
    return state / 2 ** 31 - 1;
  };
  const tensor = (name: string, shape: readonly number[], range: number) => {
    const size = shape.reduce((a, b) => a * b, 1);
    tensors.set(name, { shape, data: Float32Array.from({ length: size }, () => range * uniform()) });
  };
  const layer = (name: string, out: number, into: readonly number[]) => {
    const fanIn = into.reduce((a, b) => a * b, 1);
    tensor(`${name}.weight`, [out, ...into], Math.sqrt(3 / fanIn));
    tensor(`${name}.bias`, [out], 0.3);
  };
  tensor('pos_embed', [1, grid[0] * grid[1], hidden], 1);
  layer('x_embedder.proj', hidden, [channels, patch, patch]);
  layer('t_embedder.mlp.0', hidden, [256]);
  layer('t_embedder.mlp.2', hidden, [hidden]);
  tensor('y_embedder.embedding_table.weight', [labels, hidden], 1);
  for (let block = 0; block < depth; block++) {
    layer(`blocks.${block}.attn.qkv`, 3 * hidden, [hidden]);
    layer(`blocks.${block}.attn.proj`, hidden, [hidden]);
    layer(`blocks.${block}.mlp.fc1`, 4 * hidden, [hidden]);
    layer(`blocks.${block}.mlp.fc2`, hidden, [4 * hidden]);
    layer(`blocks.${block}.adaLN_modulation.1`, 6 * hidden, [hidden]);
  }
  layer('final_layer.linear', channels * patch ** 2, [hidden]);
  layer('final_layer.adaLN_modulation.1', 2 * hidden, [hidden]);
  return writeSafetensors(tensors);
}
