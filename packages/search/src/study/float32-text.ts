const SIGNS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES: ReadonlyMap<string, number> = new Map(Array.from(SIGNS, (sign, value) => [sign, value]));

/** Float32 numbers as text: little-endian, in base64. */
export function textOfFloats(values: Float32Array): string {
  const view = new DataView(new ArrayBuffer(values.byteLength));
  values.forEach((value, i) => view.setFloat32(i * Float32Array.BYTES_PER_ELEMENT, value, true));
  const bytes = new Uint8Array(view.buffer);
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const bits = (a! << 16) | (b << 8) | c;
    const signs = [18, 12, 6, 0].map((shift) => SIGNS[(bits >> shift) & 63]!).join('');
    parts.push(signs.slice(0, 1 + Math.min(3, bytes.length - i)).padEnd(4, '='));
  }
  return parts.join('');
}

/** The numbers that such a text stands for; undefined where it is none, or not of so many numbers. */
export function floatsOfText(text: string, count: number): Float32Array | undefined {
  const length = count * Float32Array.BYTES_PER_ELEMENT;
  const signs = text.replace(/={1,2}$/, '');
  if (text.length % 4 !== 0 || Math.floor((signs.length * 3) / 4) !== length) return undefined;
  const view = new DataView(new ArrayBuffer(length));
  let [bits, have, next] = [0, 0, 0];
  for (const sign of signs) {
    const value = VALUES.get(sign);
    if (value === undefined) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    view.setUint8(next++, (bits >> have) & 255);
  }
  return Float32Array.from({ length: count }, (_, i) => view.getFloat32(i * Float32Array.BYTES_PER_ELEMENT, true));
}
