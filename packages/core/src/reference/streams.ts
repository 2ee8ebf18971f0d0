/** A residual stream, or what a module adds to one: [images, tokens, width], flat. */
export type Stream = Float64Array;

/** A stream made number by number. */
export function fill(
  images: number,
  tokens: number,
  width: number,
  value: (image: number, token: number, d: number) => number,
): Stream {
  return Float64Array.from({ length: images * tokens * width }, (_, i) =>
    value(Math.floor(i / (tokens * width)), Math.floor(i / width) % tokens, i % width),
  );
}

/** The attention map of each image: softmax over the keys of the inner products of tokens, [tokens, tokens]. */
function attention(x: Stream, image: number, tokens: number, width: number): Float64Array {
  const map = new Float64Array(tokens * tokens);
  const at = (token: number, d: number) => x[(image * tokens + token) * width + d]!;
  for (let query = 0; query < tokens; query++) {
    const products = Float64Array.from({ length: tokens }, (_, key) => {
      let product = 0;
      for (let d = 0; d < width; d++) product += at(query, d) * at(key, d);
      return product / Math.sqrt(width);
    });
    const highest = Math.max(...products);
    const powers = products.map((product) => Math.exp(product - highest));
    const total = powers.reduce((a, b) => a + b, 0);
    powers.forEach((power, key) => (map[query * tokens + key] = power / total));
  }
  return map;
}

/** Each token as the mean of all tokens of its image, weighted by the attention that it pays them. */
export function attended(x: Stream, images: number, tokens: number, width: number): Stream {
  const maps = Array.from({ length: images }, (_, image) => attention(x, image, tokens, width));
  return fill(images, tokens, width, (image, query, d) => {
    let sum = 0;
    for (let key = 0; key < tokens; key++)
      sum += maps[image]![query * tokens + key]! * x[(image * tokens + key) * width + d]!;
    return sum;
  });
}

/** The L2 norm of each token, [images, tokens]. */
export function norms(x: Stream, width: number): Float32Array {
  return Float32Array.from({ length: x.length / width }, (_, n) =>
    Math.hypot(...x.subarray(n * width, (n + 1) * width)),
  );
}

/** How much attention each token receives: the column sums of the attention map, [images, tokens]. */
export function received(x: Stream, images: number, tokens: number, width: number): Float32Array {
  const sums = new Float32Array(images * tokens);
  for (let image = 0; image < images; image++) {
    const map = attention(x, image, tokens, width);
    for (let key = 0; key < tokens; key++) {
      let sum = 0;
      for (let query = 0; query < tokens; query++) sum += map[query * tokens + key]!;
      sums[image * tokens + key] = sum;
    }
  }
  return sums;
}
