import { computedSteps, gapsOf } from '../space/pattern.ts';
import type { PatternSpace } from '../space/pattern-space.ts';
import { draw } from '../space/space.ts';

/** How far a step is mostly moved. */
const RADIUS = 3;
/**
 * The share of moves that stay within the radius, and of those that move a single step (BudCache, arXiv 2606.13496).
 */
const NEAR = 0.7;
const SINGLE = 0.9;
/** The share of moves that write a gap differently, where there are several ways. */
const REFILLED = 0.3;
/** After so many moves that lead nowhere a pattern is said to have no neighbour. */
const ATTEMPTS = 200;

/**
 * A pattern near a pattern: with one computed step or two relocated, or a gap filled in another way. Undefined where
 * none was found.
 */
export function randomMove(space: PatternSpace, pattern: string, random: () => number): string | undefined {
  for (let i = 0; i < ATTEMPTS; i++) {
    const moved = random() < REFILLED ? refilled(space, pattern, random) : relocated(pattern, random);
    const settled = moved === undefined ? undefined : space.settle(moved);
    if (settled !== undefined && settled !== pattern) return settled;
  }
  return undefined;
}

/**
 * All patterns that differ by one computed step, moved by up to three steps, and by one gap that is filled in another
 * way; and some jumps.
 */
export function neighbours(space: PatternSpace, pattern: string, random: () => number): readonly string[] {
  const computed = computedSteps(pattern);
  const found = new Set<string>();
  const add = (text: string): void => {
    const settled = space.settle(text);
    if (settled !== undefined && settled !== pattern) found.add(settled);
  };
  for (const from of computed) {
    for (let to = from - RADIUS; to <= from + RADIUS; to++) add(swapped(pattern, from, to));
    for (let jump = 0; jump < 2; jump++) add(swapped(pattern, from, Math.floor(random() * pattern.length)));
  }
  for (const [from, gap] of gapsOf(pattern)) {
    const fills = space.fills(gap.length);
    for (let i = 0; i < 2 && fills.size > 1n; i++) add(written(pattern, from, draw(fills, random)));
  }
  return [...found];
}

function relocated(pattern: string, random: () => number): string {
  const once = swapRandom(pattern, random);
  return random() < SINGLE ? once : swapRandom(once, random);
}

function swapRandom(pattern: string, random: () => number): string {
  const computed = computedSteps(pattern);
  const from = computed[Math.floor(random() * computed.length)]!;
  const to =
    random() < NEAR ? from - RADIUS + Math.floor(random() * (2 * RADIUS + 1)) : Math.floor(random() * pattern.length);
  return swapped(pattern, from, to);
}

/** A computed step instead of a reused one, and the reverse; nothing changes where that is not what they are. */
function swapped(pattern: string, from: number, to: number): string {
  const letter = pattern[to];
  if (letter === undefined || letter === '#' || pattern[from] !== '#') return pattern;
  return written(written(pattern, from, letter), to, '#');
}

function refilled(space: PatternSpace, pattern: string, random: () => number): string | undefined {
  const gaps = gapsOf(pattern).filter(([, gap]) => space.fills(gap.length).size > 1n);
  const chosen = gaps[Math.floor(random() * gaps.length)];
  return chosen && written(pattern, chosen[0], draw(space.fills(chosen[1].length), random));
}

function written(pattern: string, at: number, text: string): string {
  return pattern.slice(0, at) + text + pattern.slice(at + text.length);
}
