const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Bytes as base64 (RFC 4648), for data URLs; not every host has a function for it. */
export function base64Of(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const letters = [18, 12, 6, 0].map((shift) => LETTERS[(three >> shift) & 63]!).join('');
    const missing = Math.max(0, i + 3 - bytes.length);
    parts.push(missing === 0 ? letters : letters.slice(0, 4 - missing) + '='.repeat(missing));
  }
  return parts.join('');
}
