/** Names and shapes of tensors, in the order in which a checkpoint has them. */
export type NamedShapes = readonly (readonly [name: string, shape: readonly number[]])[];

/** The tensors of a linear layer. */
export function linearLayer(name: string, out: number, inner: number): NamedShapes {
  return [
    [`${name}.weight`, [out, inner]],
    [`${name}.bias`, [out]],
  ];
}
