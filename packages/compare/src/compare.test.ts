import { byName, diffusionSteps, identityDecoder, planOf } from '@procache/core';
import { referenceTransformer } from '@procache/core/reference';
import { describe, expect, it } from 'vitest';
import { compare, type Contestant, timedRun, timeContestants, type Turn } from './index.ts';

const topology = { blocks: [['attn', 'mlp']], grid: [2, 2] } as const;
const model = referenceTransformer({ topology, width: 4, channels: 1, seed: 5 });
const contestant = (name: string, schedule: string, count: number, rest: Partial<Contestant> = {}): Contestant => ({
  name,
  plan: planOf(byName(schedule, topology, count), topology),
  steps: diffusionSteps(count),
  conditions: [1, 2],
  ...rest,
});
const uncached = contestant('uncached', 'uncached', 6);
const cached = contestant('cached', 'fora-2', 6);
const fewer = contestant('fewer', 'uncached', 3, { sampler: 'ddpm' });

/** A clock that goes on by one whenever it is read. */
const ticking = (): (() => number) => {
  let time = 0;
  return () => time++;
};
const wordOf = ({ contestant: name, round }: Turn) => `${name} ${round ?? 'warm-up'}`;

describe('compare', () => {
  it('tells of each the speed-up and the closeness to the first', async () => {
    const decoder = identityDecoder({ channels: 1, height: 2, width: 2, valueRange: [-1, 1] });
    const { results, disturbed } = await compare(model, [uncached, cached, fewer], { now: ticking(), decoder });
    expect(results.map(({ name }) => name)).toEqual(['uncached', 'cached', 'fewer']);
    expect(disturbed).toBe(false);
    const [reference, ...others] = results;
    expect(reference.speedup).toEqual({ ratio: 1, least: 1, greatest: 1 });
    expect(reference.closeness).toEqual({
      latentError: 0,
      pixels: { psnr: Infinity, psnrByImage: [Infinity, Infinity], ssim: undefined },
    });
    for (const { closeness, last } of others) {
      expect(closeness.latentError).toBeGreaterThan(0);
      expect(closeness.pixels!.psnr).toBeLessThan(60);
      expect(last.latents).toHaveLength(8);
    }
    // the clock is read twice a step, and at the begin and the end of a run
    expect(results.map(({ milliseconds }) => milliseconds)).toEqual([
      [13, 13, 13],
      [13, 13, 13],
      [7, 7, 7],
    ]);
    expect(others.map(({ speedup }) => speedup.ratio)).toEqual([1, 13 / 7]);
    expect(results.map(({ kinds }) => kinds)).toEqual([
      { computed: { steps: 6, median: 1 } },
      { computed: { steps: 4, median: 1 }, reused: { steps: 2, median: 1 } },
      { computed: { steps: 3, median: 1 } },
    ]);
    expect(results.map(({ records }) => records.length)).toEqual([18, 18, 9]);
  });

  it('draws what generate draws, and compares latents alone where nothing makes pixels of them', async () => {
    const { results } = await compare(model, [uncached, cached], { now: ticking(), rounds: 1 });
    const alone = await timedRun(model, cached, { now: ticking() });
    expect(results[1]!.last.latents).toEqual(alone.latents);
    expect(results[1]!.closeness.pixels).toBeUndefined();
  });

  it('refuses what is no comparison', async () => {
    const options = { now: ticking() };
    await expect(compare(model, [], options)).rejects.toThrow('contestants: there is none; pass at least one');
    await expect(compare(model, [cached, cached], options)).rejects.toThrow(
      "contestants: two are called 'cached'; give each a name of its own",
    );
    await expect(compare(model, [uncached, { ...cached, conditions: [1] }], options)).rejects.toThrow(
      "contestants: 'cached' draws 1 images and 'uncached' 2; compare the same images",
    );
    for (const rounds of [0, -1, 1.5, NaN, Infinity]) {
      await expect(compare(model, [uncached], { ...options, rounds })).rejects.toThrow(
        /^rounds: .* is not an integer of at least 1$/,
      );
    }
    await expect(compare(model, [uncached], { ...options, warmUpSteps: -1 })).rejects.toThrow(
      'warmUpSteps: -1 is not an integer of at least 0',
    );
  });
});

describe('timeContestants', () => {
  it('lets each warm up and then take turns, every other round backwards', async () => {
    const turns: string[] = [];
    const timed: string[] = [];
    const steps = new Map<string, number>();
    await timeContestants(model, [uncached, cached], {
      now: ticking(),
      rounds: 3,
      warmUpSteps: 2,
      onTurn: (turn) => void turns.push(wordOf(turn)),
      onStep: ({ turn }) => void steps.set(wordOf(turn), (steps.get(wordOf(turn)) ?? 0) + 1),
      onTimed: ({ turn }) => void timed.push(wordOf(turn)),
      onRound: (round) => void timed.push(`round ${round}`),
    });
    expect(turns).toEqual([
      ...['uncached warm-up', 'cached warm-up'],
      ...['uncached 0', 'cached 0', 'cached 1', 'uncached 1', 'uncached 2', 'cached 2'],
    ]);
    expect(timed).toEqual([
      ...['uncached 0', 'cached 0', 'round 0', 'cached 1', 'uncached 1', 'round 1'],
      ...['uncached 2', 'cached 2', 'round 2'],
    ]);
    expect(steps.get('cached warm-up')).toBe(2);
    expect(steps.get('cached 2')).toBe(6);
  });

  it('plays one round where the first takes long, unless more are asked for', async () => {
    let time = 0;
    const now = () => (time += 2000); // 6 steps take 26 s
    const roundsOf = async (rounds?: number) =>
      (await timeContestants(model, [uncached, cached], { now, rounds, warmUpSteps: 0 }))[0]!.milliseconds.length;
    expect(await roundsOf()).toBe(1);
    expect(await roundsOf(2)).toBe(2);
  });

  it('warms up no longer than a contestant has steps', async () => {
    const one = contestant('one', 'uncached', 1);
    const [timing] = await timeContestants(model, [one], { now: ticking(), rounds: 1 });
    expect(timing!.kinds).toEqual({ computed: { steps: 1, median: 1 } });
  });

  it('counts guided images twice', async () => {
    const guidance = { scale: 2, unconditional: 0, channels: 1 };
    const timings = await timeContestants(
      model,
      [
        uncached,
        { ...uncached, name: 'guided', guidance },
        { ...uncached, name: 'by 1', guidance: { ...guidance, scale: 1 } },
      ],
      { now: ticking(), rounds: 1 },
    );
    expect(timings.map(({ batch }) => batch)).toEqual([2, 4, 2]);
  });

  it('stops when it is aborted, wherever it is, and frees what it held', async () => {
    for (const place of ['before', 'uncached warm-up', 'cached warm-up', 'uncached 0', 'cached 1']) {
      const own = referenceTransformer({ topology, width: 4, channels: 1, seed: 5 });
      let last = 'before';
      const signal = {
        throwIfAborted: () => {
          if (last === place) throw new Error('enough');
        },
      };
      const timed = timeContestants(own, [uncached, cached], {
        now: ticking(),
        signal,
        onTurn: (turn) => void (last = wordOf(turn)),
      });
      await expect(timed).rejects.toThrow('enough');
      expect({ last, live: own.live }).toEqual({ last: place, live: 0 });
    }
  });

  it('passes on what a contestant fails with', async () => {
    const odd = { ...cached, steps: diffusionSteps(5) };
    await expect(timeContestants(model, [uncached, odd], { now: ticking() })).rejects.toMatchObject({
      code: 'invalid-schedule',
    });
  });
});
