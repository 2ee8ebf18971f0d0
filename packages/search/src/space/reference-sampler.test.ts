import { uniforms } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { PatternSpace } from './pattern-space.ts';
import { referenceAttempt, type ReferenceConstraints, referenceSample } from './reference-sampler.ts';

/** How many draws are accepted, and how often each pattern comes among those. */
function simulate(constraints: ReferenceConstraints, accepted: number) {
  const random = uniforms(11);
  const counts = new Map<string, number>([...new PatternSpace(constraints)].map((pattern) => [pattern, 0]));
  let attempts = 0;
  for (let i = 0; i < accepted;) {
    attempts++;
    const pattern = referenceAttempt(constraints, random);
    if (pattern === undefined) continue;
    i++;
    counts.set(pattern, counts.get(pattern)! + 1);
  }
  const shares = [...counts.values()].map((count) => count / accepted).sort((a, b) => b - a);
  return { acceptance: accepted / attempts, shares, counts };
}

describe('the sampler that the reference ships', () => {
  it('accepts one draw in eight in its demo, and prefers some of the 21 patterns 250 to 1', () => {
    const { acceptance, shares } = simulate({ steps: 50, budget: 11, reuse: [2, 5] }, 20_000);
    expect(acceptance).toBeCloseTo(0.127, 2);
    expect(shares).toHaveLength(21);
    expect(shares[0]).toBeCloseTo(0.19, 2);
    expect(shares.at(-1)).toBeLessThan(0.002);
  });

  it('accepts one in ninety with its defaults, and all but never finds the last of the 25', () => {
    const { acceptance, shares } = simulate({ steps: 50, budget: 13, reuse: [1, 4] }, 5_000);
    expect(acceptance).toBeCloseTo(0.011, 2);
    expect(shares).toHaveLength(25);
    expect(shares.at(-1)).toBeLessThan(4e-4);
  });

  it('gives two of the nine patterns of the published budget two thirds of the draws, one a tenth', () => {
    const { acceptance, shares, counts } = simulate({ steps: 50, budget: 17, reuse: [1, 3] }, 20_000);
    expect(acceptance).toBeCloseTo(0.131, 2);
    expect(shares[0]! + shares[1]!).toBeCloseTo(0.69, 1);
    const shipped = '#...'.repeat(6) + '#..'.repeat(4) + '#.'.repeat(7);
    expect(counts.get(shipped)! / 20_000).toBeCloseTo(0.094, 2);
  });

  it('finds five different patterns of the space, or gives up and says so', () => {
    const constraints = { steps: 50, budget: 13, reuse: [1, 4] } as const;
    const { patterns, attempts, accepted } = referenceSample(constraints, { random: uniforms(3) });
    expect(new Set(patterns).size).toBe(5);
    expect(accepted).toBeLessThan(attempts);
    const space = new PatternSpace(constraints);
    for (const pattern of patterns) expect(space.rankOf(pattern)).toBeDefined();
    expect(referenceSample(constraints, { random: uniforms(3), count: 26, attempts: 1000 }).attempts).toBe(1000);
  });

  it('refuses constraints that no pattern meets', () => {
    expect(() => referenceSample({ steps: 50, budget: 50, reuse: [1, 4] }, { random: uniforms(3) })).toThrow(
      expect.objectContaining({ code: 'infeasible-constraints' }),
    );
  });
});
