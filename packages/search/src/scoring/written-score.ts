/** A score as JSON says it: JSON has no numbers that are not finite, so those are written as their names. */
export function writtenScore(score: number): number | string {
  return Number.isFinite(score) ? score : String(score);
}
