import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bytesSource, type Checkpoint, openCheckpoint, readFloats } from '@procache/model';

/** The path of a fixture: golden data from the official implementations (README.md of the fixtures folder). */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

/** The tensors of a file, read when they are asked for. */
export interface Tensors {
  readonly names: readonly string[];
  floats(name: string): Promise<Float32Array>;
  shape(name: string): readonly number[];
}

/** The tensors of a fixture. */
export async function tensorsOf(name: string): Promise<Tensors> {
  return tensorsIn(await openCheckpoint(bytesSource(name, new Uint8Array(readFileSync(fixture(name))))), name);
}

/** The tensors of a checkpoint; `name` is what a tensor is said to be missing in. */
export function tensorsIn({ tensors }: Checkpoint, name: string = 'the checkpoint'): Tensors {
  const find = (tensor: string) => {
    const found = tensors.get(tensor);
    if (!found) throw new Error(`${name} has no tensor ${tensor}`);
    return found;
  };
  return {
    names: [...tensors.keys()],
    floats: (tensor) => readFloats(find(tensor)),
    shape: (tensor) => find(tensor).shape,
  };
}
