/** The steps that a pattern over an alphabet computes, which are those with the letter `#`, in their order. */
export function computedSteps(pattern: string): readonly number[] {
  return Array.from(pattern.matchAll(/#/g), ({ index }) => index);
}

/** The gaps of a pattern that have any step, each with where it begins. */
export function gapsOf(pattern: string): readonly (readonly [start: number, gap: string])[] {
  return Array.from(pattern.matchAll(/[^#]+/g), (match) => [match.index, match[0]] as const);
}
