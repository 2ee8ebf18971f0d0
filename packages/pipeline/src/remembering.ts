import type { Decoder } from '@procache/core';

/**
 * A decoder that decodes the same array once: who compares images and then writes them asks for each several times, and
 * decoding takes as long as some steps. It forgets images with their latents.
 */
export function rememberingDecoder(decoder: Decoder): Decoder {
  const known = new WeakMap<Float32Array, Promise<Float32Array>>();
  return {
    image: decoder.image,
    decode: (latents) => {
      const images = known.get(latents) ?? decoder.decode(latents);
      known.set(latents, images);
      images.catch(() => known.delete(latents)); // what has failed may be asked for again
      return images;
    },
    dispose: () => decoder.dispose(),
  };
}
