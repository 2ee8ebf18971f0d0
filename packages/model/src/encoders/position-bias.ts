/** How positions are told apart: by buckets of distances. */
export interface PositionShape {
  readonly buckets: number;
  readonly heads: number;
  readonly tokens: number;
  /** The distance from which on all share the last bucket. */
  readonly distance: number;
}

/**
 * What is added to the attention of each token to each (T5, Raffel et al., 2020, 2.1): of the table [buckets, heads]
 * the row of their distance, [1, heads, tokens, tokens].
 */
export function positionBias(table: Float32Array, { buckets, heads, tokens, distance }: PositionShape): Float32Array {
  const bias = new Float32Array(heads * tokens * tokens);
  for (let query = 0; query < tokens; query++) {
    for (let key = 0; key < tokens; key++) {
      const bucket = bucketOf(key - query, buckets, distance);
      for (let head = 0; head < heads; head++)
        bias[(head * tokens + query) * tokens + key] = table[bucket * heads + head]!;
    }
  }
  return bias;
}

/**
 * The bucket of a key that lies `offset` tokens after its query. Half of the buckets are for keys before it and half
 * for those after it; of each half the first half have one distance each, and the others grow in logarithms.
 */
export function bucketOf(offset: number, buckets: number, distance: number): number {
  const half = Math.floor(buckets / 2);
  const side = offset > 0 ? half : 0;
  const apart = Math.abs(offset);
  const exact = Math.floor(half / 2);
  if (apart < exact) return side + apart;
  const grown = exact + Math.trunc((Math.log(apart / exact) / Math.log(distance / exact)) * (half - exact));
  return side + Math.min(half - 1, grown);
}
