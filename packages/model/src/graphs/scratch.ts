/**
 * Arrays that are written anew for each step, and kept in between.
 *
 * A step's inputs of this kind are of the size of a megabyte; as garbage they would cost a small
 * model some per cent of its time.
 */
export class Scratch {
  readonly #arrays = new Map<string, Float32Array<ArrayBuffer>>();

  /** An array under a name, with whatever it held when it was last taken. */
  take(name: string, length: number): Float32Array<ArrayBuffer> {
    const known = this.#arrays.get(name);
    if (known?.length === length) return known;
    const array = new Float32Array(length);
    this.#arrays.set(name, array);
    return array;
  }
}
