import { textOf } from '../untrusted/json-reader.ts';

/**
 * Selective injection, ProCache Eq. 7: within each run of reuse steps, every second step refreshes.
 *
 * `"#...#..#."` becomes `"#.+.#.+#."`. Letters other than `.` stay as they are and end a run.
 */
export function injectSelective(pattern: string, letter = '+'): string {
  if (pattern !== '') textOf({ value: pattern, place: 'pattern', code: 'invalid-input' });
  textOf({ value: letter, place: 'letter', code: 'invalid-input' }, 1);
  return pattern.replace(/\.+/g, (run) => run.replace(/\.\./g, () => `.${letter}`));
}
