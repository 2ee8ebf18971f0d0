import { transformerCost } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { beginStudy, resumeStudy, type Study } from '../study/study.ts';
import { smallModel, smallSteps } from '../testing/small-model.ts';
import { type Campaign, campaignOf, type CampaignOptions } from './campaign.ts';
import type { CampaignHost, Doing } from './host.ts';
import { modelHost } from './model-host.ts';
import { bestSoFar, foundSchedule, outcomeObject, paretoSet } from './outcome.ts';
import { type CampaignOutcome, runCampaign } from './run-campaign.ts';
import { openWorkMeter } from './work-meter.ts';

const { topology, latent } = smallModel();
const sizes = {
  topology,
  hidden: 4,
  patch: 1,
  channels: 2,
  outChannels: 2,
  modulation: 'per-block',
  weightBytes: 0,
} as const;
const cost = transformerCost(sizes);
const small: CampaignOptions = {
  model: { name: 'small', fingerprint: 'f', topology, latent, cost, hoists: true },
  sampling: { stepsOf: smallSteps, conditions: [0, 1, 2] },
  described: 'three labels',
  versions: { test: '1' },
  steps: 8,
  budget: [3],
  seeds: 3,
  finalSeeds: 2,
  judge: 2,
  candidates: 4,
};

/** A clock that every look at moves on. */
function clock(): () => number {
  let time = 0;
  return () => (time += 1);
}

interface Ran {
  readonly outcome: CampaignOutcome;
  readonly doings: readonly Doing[];
  readonly lines: readonly string[];
}

async function ran(
  campaign: Campaign,
  begin: (append: (line: string) => void) => Promise<Study>,
  own: Partial<CampaignHost> = {},
): Promise<Ran> {
  const [doings, lines]: [Doing[], string[]] = [[], []];
  const now = clock();
  const outcome = await runCampaign(campaign, {
    ...modelHost([smallModel(), smallModel()], campaign, { now }),
    study: await begin((line) => void lines.push(line)),
    meter: openWorkMeter(now),
    onProgress: (doing) => void doings.push(doing),
    ...own,
  });
  return { outcome, doings, lines };
}

const begun = (campaign: Campaign, own?: Partial<CampaignHost>): Promise<Ran> =>
  ran(campaign, (append) => beginStudy(campaign.header, append), own);
const foundBy = ({ budgets, judged }: CampaignOutcome): unknown => [
  budgets.map(({ result }) => [result.best, result.finalists]),
  judged,
];

describe('a campaign', () => {
  it('searches, races and judges, and says what it does', async () => {
    const campaign = campaignOf(small);
    const { outcome, doings } = await begun(campaign);
    expect([...new Set(doings.map(({ doing }) => doing))]).toEqual([
      'recording',
      'searching',
      'judging',
      'timing what is judged',
    ]);
    const [own] = outcome.budgets;
    const schedule = foundSchedule(campaign, outcome, 3);
    expect(() => foundSchedule(campaign, outcome, 4)).toThrow('budget: 4 was not searched; there are 3');
    expect(schedule.pattern).toBe(own!.result.best.pattern);
    expect(schedule.notes).toMatchObject({
      model: 'small',
      searched: { model: 'f', steps: 8, images: 'three labels' },
      scores: { seeds: { first: 100_000, last: 100_001 } },
      judged: { seeds: { first: 200_000, last: 200_001 } },
    });
    expect(outcome.judged.map(({ name }) => name)).toEqual([
      'found, 3 computed',
      'fora-3',
      'taylorseer-3-2',
      '3 plain steps',
    ]);
    expect(paretoSet(campaign, outcome).length).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(outcomeObject(campaign, outcome, outcome.effort)))).toMatchObject({
      budgets: [{ computed: 3, pattern: schedule.pattern }],
      judged: [{ kind: 'found' }, {}, {}, { kind: 'fewer', steps: 3 }],
    });
  });

  it('goes on where it was stopped, evaluates nothing twice, and finds the same', async () => {
    const campaign = campaignOf({ ...small, budget: [3, 4] });
    const whole = await begun(campaign);
    for (const share of [0.3, 0.7, 1]) {
      const text = whole.lines.slice(0, Math.ceil(share * whole.lines.length)).join('');
      const again = await ran(campaign, (append) => resumeStudy(text, campaign.header, append));
      if (share === 1) expect([again.lines, again.outcome.evaluations]).toEqual([[], 0]);
      expect(foundBy({ ...again.outcome, judged: [] })).toEqual(foundBy({ ...whole.outcome, judged: [] }));
      expect(new Set([...text.split('\n'), ...again.lines.join('').split('\n')].map(withoutTimes))).toEqual(
        new Set(whole.lines.join('').split('\n').map(withoutTimes)),
      );
    }
  });

  it('keeps within a time: measured once, and kept', async () => {
    const asked: string[] = [];
    const times: CampaignHost['times'] = {
      steps: () => (asked.push('steps'), Promise.resolve({ letters: { '#': 10, ...timesOf(1) } })),
      generation: ({ pattern }) => (asked.push(pattern), Promise.resolve(7)),
      rendering: () => Promise.resolve(1),
    };
    const campaign = campaignOf({ ...small, budget: undefined, target: 36, images: 2 });
    expect(campaign.budgets).toBeUndefined();
    const { outcome, lines } = await begun(campaign, { times });
    const [{ budget, milliseconds, result }] = outcome.budgets as [CampaignOutcome['budgets'][0]];
    expect([budget, milliseconds]).toEqual([3, 7]);
    expect(asked).toEqual(['steps', result.best.pattern]);
    await ran(campaign, (append) => resumeStudy(lines.join(''), campaign.header, append), { times });
    expect(asked).toHaveLength(2);
    const notes = { constraints: { milliseconds: 36, images: 2 }, interrupted: true };
    expect(bestSoFar(campaign, 3, result.best).notes).toMatchObject(notes);
  });

  it('may take turns of one model, or of many: the images are the same', async () => {
    const campaign = campaignOf({ ...small, judge: 0, strategy: 'sample' });
    const alone = await begun(campaign, modelHost([smallModel()], campaign, { now: clock() }));
    expect(foundBy((await begun(campaign)).outcome)).toEqual(foundBy(alone.outcome));
  });
});

/** Milliseconds of each letter that reuses. */
function timesOf(milliseconds: number): Readonly<Record<string, number>> {
  return Object.fromEntries(campaignOf(small).space.alphabet.reused.map((letter) => [letter, milliseconds]));
}

/** What is measured by a clock differs. */
function withoutTimes(line: string): string {
  return line.replace(/("time of .*"value":).*/, '$1');
}

describe('campaignOf', () => {
  const spell = (option: string): string => `--${option}`;

  it('takes what proved best where nothing is asked for', () => {
    const { steps, seeds, budgets, measures, header } = campaignOf({
      model: small.model,
      sampling: small.sampling,
      described: null,
      versions: {},
    });
    expect([steps, budgets, measures[0].name]).toEqual([50, [17], 'latent-error']);
    expect([seeds.search.length, seeds.final.length, seeds.judge.length]).toEqual([16, 64, 64]);
    expect(header).toMatchObject({
      strategy: { name: 'combined', seed: 0 },
      constraints: { mix: 'gap', budgets: [17] },
    });
  });

  it.each([
    [{ target: 5 }, '--budget and --target both say what a schedule may cost; leave one out'],
    [{ images: 3 }, '--images belongs to --target; add it, or leave this out'],
    [{ budget: [60] }, '--budget 60: the budget is 60 computed steps, but there are only 8'],
    [
      { strategy: 'anneal' },
      '--candidates belongs to the strategies halving, sample, reference, dynamic, combined; leave',
    ],
    [{ iterations: 3, strategy: 'dynamic' }, '--iterations belongs to the strategies anneal, combined; leave'],
    [{ strategy: 'reference' }, "--budget 3: --strategy reference: the paper's sampler draws falling gaps only"],
    [{ beside: ['nothing'] }, '--beside: '],
    [{ judge: 0, beside: ['fora-3'] }, '--beside belongs to --judge with more than 0 images'],
    [
      { finalSeeds: 1, measures: [{ name: 'frechet', better: 'lower', judges: 'set', ofSet: () => 1 }] },
      '--finalSeeds 1: ',
    ],
  ] as const)('refuses %j by the name that its options have elsewhere', (own, message) => {
    expect(() => campaignOf({ ...small, ...(own as Partial<CampaignOptions>), spell })).toThrow(message);
  });

  it.each([
    [{ seeds: 0 }, 'seeds: 0 is not an integer of at least 1'],
    [{ seeds: '3' }, 'seeds: "3" is not an integer of at least 1'],
    [{ seed: -1 }, 'seed: -1 is not an integer of at least 0'],
    [{ finalSeeds: -1 }, 'finalSeeds: -1 is not an integer of at least 0'],
    [{ judge: NaN }, 'judge: NaN is not an integer of at least 0'],
    [{ candidates: 0 }, 'candidates: 0 is not an integer of at least 1'],
    [{ mostImages: 0 }, 'mostImages: 0 is not an integer of at least 1'],
    [{ budget: 3 }, 'budget: 3 is not an array'],
    [{ budget: [] }, 'budget: is empty; it needs at least one element'],
    [{ strategy: 'anneall' }, 'strategy: "anneall" is none of'],
    [{ sampling: { ...small.sampling, conditions: [] } }, 'sampling.conditions: is empty'],
    [{ sampling: { ...small.sampling, judgedBy: [] } }, 'sampling.judgedBy: is empty'],
  ])('refuses %j before a study is begun', (own, message) => {
    expect(() => campaignOf({ ...small, ...(own as Partial<CampaignOptions>) })).toThrow(message);
  });

  it('refuses an option that nobody reads', () => {
    expect(() => campaignOf({ ...small, temprature: 1 } as CampaignOptions)).toThrow('unknown key "temprature"');
  });
});

describe('what images of a campaign show', () => {
  it('is the same for all kinds unless others are given to judge by, which no search sees', () => {
    const { seeds, sampling } = campaignOf({ ...small, judge: 4 });
    expect(seeds.judge.map(sampling.conditionOf).toSorted()).toEqual([0, 1, 1, 2]);
    const held = campaignOf({ ...small, judge: 4, sampling: { ...small.sampling, judgedBy: [7, 8] } });
    expect(seeds.judge.map(held.sampling.conditionOf).toSorted()).toEqual([7, 7, 8, 8]);
    expect([...seeds.search, ...seeds.final].map(held.sampling.conditionOf)).toEqual(
      [...seeds.search, ...seeds.final].map(sampling.conditionOf),
    );
  });
});
