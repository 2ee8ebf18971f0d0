import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gaussians, uniforms } from '@procache/core';
import { type TensorValues, writeSafetensors } from '@procache/model';

/**
 * Writes a tiny DiT, whose shape and weights are drawn: one to three blocks; with weights so small that features hardly
 * move, or not.
 */
export async function randomDit(folder: string, seed: number): Promise<string> {
  const random = uniforms(seed);
  const one = <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)]!;
  const [depth, channels, spread, hidden, classes, size] = [
    one([1, 2, 3]),
    one([1, 3]),
    one([1e-6, 0.02, 0.2]),
    16,
    3,
    8,
  ];
  const draw = gaussians(seed);
  const tensors = new Map<string, TensorValues>();
  const add = (name: string, ...shape: readonly number[]): void => {
    const data = draw(shape.reduce((product, extent) => product * extent, 1)).map((value) => spread * value);
    tensors.set(name, { shape, data });
  };
  const linear = (name: string, out: number, inner: number): void => {
    add(`${name}.weight`, out, inner);
    add(`${name}.bias`, out);
  };
  add('pos_embed', 1, (size / 2) ** 2, hidden);
  add('x_embedder.proj.weight', hidden, channels, 2, 2);
  add('x_embedder.proj.bias', hidden);
  linear('t_embedder.mlp.0', hidden, 256);
  linear('t_embedder.mlp.2', hidden, hidden);
  add('y_embedder.embedding_table.weight', classes + 1, hidden);
  for (let block = 0; block < depth; block++) {
    linear(`blocks.${block}.attn.qkv`, 3 * hidden, hidden);
    linear(`blocks.${block}.attn.proj`, hidden, hidden);
    linear(`blocks.${block}.mlp.fc1`, 4 * hidden, hidden);
    linear(`blocks.${block}.mlp.fc2`, hidden, 4 * hidden);
    linear(`blocks.${block}.adaLN_modulation.1`, 6 * hidden, hidden);
  }
  linear('final_layer.adaLN_modulation.1', 2 * hidden, hidden);
  linear('final_layer.linear', 2 * 2 * 2 * channels, hidden);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify({ num_heads: 2, num_classes: classes }));
  await writeFile(join(folder, 'model.safetensors'), writeSafetensors(tensors));
  return folder;
}
