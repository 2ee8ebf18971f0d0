/**
 * Selective injection, ProCache Eq. 7: within each run of reuse steps, every second step refreshes.
 *
 * `"#...#..#."` becomes `"#.+.#.+#."`. Letters other than `.` stay as they are and end a run.
 */
export function injectSelective(pattern: string, letter = '+'): string {
  return pattern.replace(/\.+/g, (run) => run.replace(/\.\./g, `.${letter}`));
}
