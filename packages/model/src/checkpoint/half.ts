/**
 * Half-precision numbers, widened to single precision without loss.
 *
 * The bits are put together in an integer view of the result, so that signed zeros, infinities and
 * the payloads of NaNs arrive as they were stored.
 */

/** Widens IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
export function widenFloat16(bytes: Uint8Array, count: number): Float32Array {
  const floats = new Float32Array(count);
  const bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < count; i++) {
    const half = bytes[2 * i]! | (bytes[2 * i + 1]! << 8);
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) {
      floats[i] = fraction * 2 ** -24; // subnormal
      bits[i] = bits[i]! | sign;
    } else {
      const wide = exponent === 0x1f ? 0xff : exponent + (127 - 15); // the two biases
      bits[i] = sign | (wide << 23) | (fraction << 13);
    }
  }
  return floats;
}

/** Widens bfloat16: the upper half of a binary32. */
export function widenBfloat16(bytes: Uint8Array, count: number): Float32Array {
  const floats = new Float32Array(count);
  const bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < count; i++) bits[i] = (bytes[2 * i]! << 16) | (bytes[2 * i + 1]! << 24);
  return floats;
}
