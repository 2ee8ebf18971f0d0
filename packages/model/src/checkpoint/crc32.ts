/**
 * The checksum of zip files: CRC-32 with the reversed polynomial 0xedb88320 (ISO 3309), four bytes at a time.
 *
 * `before` is the checksum of the bytes that came earlier, so that a long range can be read in pieces.
 */
export function crc32(bytes: Uint8Array, before: number = 0): number {
  const [one, two, three, four] = tables();
  let crc = ~before;
  let at = 0;
  for (const whole = bytes.length - 3; at < whole; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc = four[crc & 0xff]! ^ three[(crc >>> 8) & 0xff]! ^ two[(crc >>> 16) & 0xff]! ^ one[crc >>> 24]!;
  }
  for (; at < bytes.length; at++) crc = one[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

type Tables = readonly [Int32Array, Int32Array, Int32Array, Int32Array];
let made: Tables | undefined;

/** What one byte does to the checksum, and what it does when one, two or three zeros follow. */
function tables(): Tables {
  if (made) return made;
  const one = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    return crc;
  });
  const after = (table: Int32Array): Int32Array => table.map((crc) => one[crc & 0xff]! ^ (crc >>> 8));
  const two = after(one);
  const three = after(two);
  made = [one, two, three, after(three)];
  return made;
}
