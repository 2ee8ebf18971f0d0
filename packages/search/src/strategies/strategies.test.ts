import { trajectoryOf, uniforms } from '@procache/core';
import { describe, expect, it } from 'vitest';
import type { Recording } from '../recording/recording.ts';
import { record } from '../recording/record.ts';
import type { SearchProgress } from '../running/assessment-desk.ts';
import { runSearch } from '../running/run-search.ts';
import { alphabetOf } from '../space/alphabet.ts';
import { eachGap, eitherOf, plain, selective } from '../space/fills.ts';
import { PatternSpace } from '../space/pattern-space.ts';
import { affords, type Target } from '../scoring/target.ts';
import { beginStudy } from '../study/study.ts';
import {
  countingEvaluator,
  FORECAST,
  conditionOf,
  smallHeader,
  smallModel,
  smallSteps,
  STACK,
} from '../testing/small-model.ts';
import { anneal } from './anneal.ts';
import { combined } from './combined.ts';
import { dynamic } from './dynamic.ts';
import { exhaustive } from './exhaustive.ts';
import { halving } from './halving.ts';
import { neighbours, randomMove } from './moves.ts';
import { reference, sampled } from './sample.ts';
import type { Strategy } from './strategy.ts';

const STEPS = 14;
const seeds = [0, 1, 2, 3];
/** 710 patterns: small enough to list. */
const space = new PatternSpace({ steps: STEPS, budget: 5, reuse: [0, 8], gaps: 'any' }, plain('2'));

// One study for all: what one strategy has evaluated, the others need not.
const { evaluator } = countingEvaluator(STEPS);
const study = await beginStudy(smallHeader(STEPS, seeds), () => undefined);

async function run(
  strategy: Strategy,
  { seed = 1, target }: { readonly seed?: number; readonly target?: Target } = {},
) {
  const events: SearchProgress[] = [];
  const options = {
    evaluator,
    alphabet: FORECAST,
    study,
    random: uniforms(seed),
    onAssessed: (event: SearchProgress) => events.push(event),
  };
  const result = await runSearch({ ...options, strategy, ...(target && { affords: affords(target) }) });
  return { ...result, events, tried: new Set(events.map(({ assessment }) => assessment.pattern)) };
}

const recorded = (): Promise<Recording> =>
  record(trajectoryOf(smallModel(), { steps: smallSteps(STEPS), seeds, conditions: seeds.map(conditionOf) }), {
    reuse: [STACK],
  });

/** What is dear to make, made when it is first asked for. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => (made ??= make());
}

describe('exhaustive', () => {
  it('assesses every pattern, and tells the best, how sure it is, and by how much it leads', async () => {
    const { best, ranking, interval, lead, tried } = await run(exhaustive({ space }));
    expect(tried.size).toBe(710);
    expect(ranking.map(({ loss }) => loss)).toEqual(ranking.map(({ loss }) => loss).toSorted((a, b) => a - b));
    expect(best).toBe(ranking[0]);
    expect(interval.mean).toBe(best.loss);
    expect(interval.low).toBeLessThan(best.loss);
    expect(lead!.mean).toBeCloseTo(ranking[1]!.loss - best.loss);
  });

  it('refuses a space that is too large to list', () => {
    const large = new PatternSpace({ steps: 250, budget: 50, reuse: [1, 9] });
    expect(() => exhaustive({ space: large })).toThrow(
      'the space has 9,309,243 patterns, more than the 5000 that are listed',
    );
  });
});

describe('the optimum of a space that can be listed', () => {
  it('is found by dynamic programming with a twentieth of the evaluations', async () => {
    const { best } = await run(exhaustive({ space }));
    const { best: found, tried } = await run(
      dynamic({ space, alphabet: FORECAST, recording: recorded, climb: { rounds: 2 } }),
    );
    expect(found.pattern).toBe(best.pattern);
    expect(tried.size).toBeLessThan(710 / 15);
  });

  it('is come near to by annealing from a random start, with a fifth of the evaluations', async () => {
    const { ranking } = await run(exhaustive({ space }));
    const places: number[] = [];
    for (let seed = 1; seed <= 8; seed++) {
      const { best, tried } = await run(anneal({ space, iterations: 300 }), { seed });
      places.push(ranking.findIndex(({ pattern }) => pattern === best.pattern));
      expect(tried.size).toBeLessThan(710 / 4);
    }
    expect(Math.min(...places)).toBe(0);
    expect(Math.max(...places)).toBeLessThanOrEqual(20); // of 710
  });
});

describe('sample', () => {
  it('assesses different patterns of the space', async () => {
    const { tried } = await run(sampled({ space, count: 20 }));
    expect(tried.size).toBe(20);
    for (const pattern of tried) expect(space.rankOf(pattern)).toBeDefined();
  });
});

describe('reference', () => {
  it('assesses the five patterns that the shipped sampler draws', async () => {
    const plainStudy = await beginStudy(smallHeader(STEPS, seeds), () => undefined);
    const strategy = reference({ steps: STEPS, budget: 5, reuse: [0, 4] });
    const { ranking } = await runSearch({
      evaluator,
      alphabet: alphabetOf({ reuse: [{}] }),
      study: plainStudy,
      random: uniforms(4),
      strategy,
    });
    expect(ranking).toHaveLength(5);
  });
});

describe('halving', () => {
  it('gives few seeds to many patterns and all seeds to few', async () => {
    const { events, ranking, best } = await run(halving({ space, count: 32, firstSeeds: 1 }));
    const rounds = [1, 2, 4].map(
      (count) => events.filter(({ assessment }) => assessment.seeds.length === count).length,
    );
    expect(rounds[0]).toBe(32);
    expect(rounds[1]).toBe(16);
    expect(rounds[2]).toBeLessThanOrEqual(8);
    expect(ranking[0]).toBe(best);
  });

  it('lets those go early that are surely worse', async () => {
    const losses: Readonly<Record<string, number>> = { a: 1, b: 1.01, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8 };
    const easy = {
      objectives: evaluator.objectives,
      evaluate: (schedule: { pattern: string }, own: readonly number[]) =>
        Promise.resolve({ 'latent-error': own.map((seed) => losses[schedule.pattern]! + seed * 1e-3) }),
    };
    const names = Object.keys(losses);
    const own = await beginStudy(
      smallHeader(
        1,
        Array.from({ length: 16 }, (_, i) => i),
      ),
      () => undefined,
    );
    const asked: string[] = [];
    const rules = names.map((name, i) => [name, [{ do: 'refresh', ratio: i / 10 } as const]] as const);
    const { listed } = await import('../space/space.ts');
    await runSearch({
      evaluator: easy,
      alphabet: { reused: [], selective: names, legend: Object.fromEntries(rules) },
      study: own,
      random: uniforms(1),
      strategy: halving({ space: listed(names), count: 8, firstSeeds: 2, keep: 0.9 }),
      onAssessed: ({ assessment }) => asked.push(`${assessment.pattern}${assessment.seeds.length}`),
    });
    expect(asked.toSorted()).toEqual(['a16', 'a2', 'a4', 'a8', 'b2', 'c2', 'd2', 'e2', 'f2', 'g2', 'h2']);
  });
});

describe('every strategy', () => {
  const small = new PatternSpace({ steps: STEPS, budget: 4, reuse: [0, 8], gaps: 'any' }, eitherOf(plain('2')));
  const strategies: Readonly<Record<string, (recording: () => Promise<Recording>) => Strategy>> = {
    exhaustive: () => exhaustive({ space: small }),
    sample: () => sampled({ space: small, count: 40 }),
    halving: () => halving({ space: small, count: 40 }),
    anneal: () => anneal({ space: small, iterations: 30, start: '#2222#2222#2#2', climb: { rounds: 1 } }),
    dynamic: (recording) =>
      dynamic({ space: small, alphabet: FORECAST, recording, iterations: 50, climb: { rounds: 1 } }),
    combined: (recording) =>
      combined({
        space: small,
        alphabet: FORECAST,
        recording,
        iterations: 50,
        climb: { rounds: 1 },
        anneal: { iterations: 10 },
      }),
  };

  it.each(Object.keys(strategies))('keeps within the target and asks the same again: %s', async (name) => {
    const recording = once(recorded);
    // A computed step takes longer the later it is, which no machine does: so the target tells patterns of one budget
    // apart.
    const isAffordable = (pattern: string): boolean => pattern.lastIndexOf('#') < 13;
    const strategy = strategies[name]!(recording);
    let images = 0;
    const asked = async (): Promise<readonly string[]> => {
      const patterns: string[] = [];
      const events = {
        onAssessed: (event: SearchProgress) => {
          patterns.push(event.assessment.pattern);
          images = event.images;
        },
      };
      await runSearch({
        strategy,
        evaluator,
        alphabet: FORECAST,
        study,
        random: uniforms(5),
        affords: isAffordable,
        ...events,
      });
      return patterns;
    };
    const first = await asked();
    expect(first.every(isAffordable)).toBe(true);
    expect(first.length).toBeGreaterThan(1);
    expect(await asked()).toEqual(first);
    expect(images).toBeLessThanOrEqual(strategy.expectedImages(seeds.length));
  });

  it.each(Object.keys(strategies))(
    'says before it computes anything that nothing keeps within the target: %s',
    async (name) => {
      const strategy = strategies[name]!(recorded);
      const events: SearchProgress[] = [];
      const options = { strategy, evaluator, alphabet: FORECAST, study, random: uniforms(5), affords: () => false };
      await expect(runSearch({ ...options, onAssessed: (event) => events.push(event) })).rejects.toMatchObject({
        code: 'infeasible-constraints',
      });
      expect(events).toEqual([]);
    },
  );
});

describe('combined', () => {
  it('goes on, where dynamic ends, in all of the space: with selective steps and mixed gaps', async () => {
    const letters = alphabetOf({
      reuse: [{}, { order: 1 }],
      selective: [{ ratio: 0.5, blocks: [2, 2], modules: ['mlp'] }],
      selector: { score: 'random', age: 0, bonus: 0, paired: false },
    });
    const whole = new PatternSpace(
      { steps: STEPS, budget: 5, reuse: [0, 8], gaps: 'any' },
      eitherOf(eachGap('.', '1'), selective('.', '+')),
    );
    const recording = once(() =>
      record(trajectoryOf(smallModel(), { steps: smallSteps(STEPS), seeds, conditions: seeds.map(conditionOf) }), {
        reuse: [{}],
      }),
    );
    const options = { space: whole, alphabet: letters, recording, iterations: 200, climb: { rounds: 1 } };
    const tried: string[] = [];
    const own = {
      evaluator,
      alphabet: letters,
      random: uniforms(2),
      onAssessed: ({ assessment }: SearchProgress) => tried.push(assessment.pattern),
    };
    const begun = await runSearch({
      ...own,
      strategy: dynamic(options),
      study: await beginStudy(smallHeader(STEPS, seeds), () => undefined),
    });
    expect(tried.every((pattern) => /^[#.1]+$/.test(pattern))).toBe(true);
    const ended = await runSearch({
      ...own,
      random: uniforms(2),
      strategy: combined({ ...options, anneal: { iterations: 60 } }),
      study: await beginStudy(smallHeader(STEPS, seeds), () => undefined),
    });
    expect(tried.some((pattern) => pattern.includes('+'))).toBe(true);
    expect(ended.best.loss).toBeLessThanOrEqual(begun.best.loss);
  });
});

describe('dynamic', () => {
  it('lets its host do something else while it predicts, and can be stopped there', async () => {
    let [pauses, left] = [0, 20];
    const signal = {
      throwIfAborted: () => {
        if (left-- === 0) throw new Error('stopped');
      },
    };
    const pause = (): Promise<void> => {
      pauses++;
      return Promise.resolve();
    };
    const strategy = dynamic({ space, alphabet: FORECAST, recording: recorded });
    const stopped = runSearch({ strategy, evaluator, alphabet: FORECAST, study, random: uniforms(1), pause, signal });
    await expect(stopped).rejects.toThrow('stopped');
    expect(pauses).toBe(21); // one for each step of the curve, then for each move over predictions
  });

  it('proposes in plain letters, and measures what the space makes of them', async () => {
    const letters = alphabetOf({
      reuse: [{}],
      selective: [{ ratio: 0.5, blocks: [2, 2], modules: ['mlp'] }],
      selector: { score: 'random', age: 0, bonus: 0, paired: false },
    });
    const paper = new PatternSpace({ steps: STEPS, budget: 5, reuse: [1, 4] }, selective('.', '+'));
    const recording = once(() =>
      record(trajectoryOf(smallModel(), { steps: smallSteps(STEPS), seeds, conditions: seeds.map(conditionOf) }), {
        reuse: [{}],
      }),
    );
    const tried: string[] = [];
    await runSearch({
      strategy: dynamic({ space: paper, alphabet: letters, recording, proposals: 4, climb: { rounds: 1 } }),
      evaluator,
      alphabet: letters,
      study: await beginStudy(smallHeader(STEPS, seeds), () => undefined),
      random: uniforms(1),
      onAssessed: ({ assessment }) => tried.push(assessment.pattern),
    });
    expect(tried.length).toBeGreaterThan(3);
    for (const pattern of tried) expect(paper.rankOf(pattern)).toBeDefined();
    expect(tried.some((pattern) => pattern.includes('+'))).toBe(true);
  });
});

describe('moves', () => {
  const fills = eitherOf(eachGap('.', '2'), selective('.', '+'));
  const mixed = new PatternSpace({ steps: 20, budget: 6, reuse: [1, 6], gaps: 'any', first: 2, last: 1 }, fills);

  it('stay within the space, and differ from where they begin', () => {
    const random = uniforms(3);
    let pattern: string | undefined = mixed.at(mixed.size / 2n);
    const seen = new Set<string>();
    for (let i = 0; i < 300; i++) {
      const next: string | undefined = randomMove(mixed, pattern, random);
      expect(next).not.toBe(pattern);
      expect(mixed.rankOf(next!)).toBeDefined();
      pattern = next!;
      seen.add(pattern);
    }
    expect(seen.size).toBeGreaterThan(100);
  });

  it('lead to all neighbours once', () => {
    const all = neighbours(mixed, mixed.at(7n), uniforms(3));
    expect(new Set(all).size).toBe(all.length);
    for (const pattern of all) expect(mixed.rankOf(pattern)).toBeDefined();
    expect(all).not.toContain(mixed.at(7n));
  });

  it('end where a pattern has no neighbour', () => {
    const only = new PatternSpace({ steps: 4, budget: 2, reuse: [1, 1] });
    expect(randomMove(only, '#.#.', uniforms(1))).toBeUndefined();
    expect(neighbours(only, '#.#.', uniforms(1))).toEqual([]);
  });
});
