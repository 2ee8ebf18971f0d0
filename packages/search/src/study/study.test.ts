import { fora, uncached, uniforms } from '@procache/core';
import { numberOf } from '@procache/core/untrusted';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runSearch, type SearchResult } from '../running/run-search.ts';
import { eachGap } from '../space/fills.ts';
import { PatternSpace } from '../space/pattern-space.ts';
import { alphabetOf } from '../space/alphabet.ts';
import { anneal } from '../strategies/anneal.ts';
import { halving } from '../strategies/halving.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { countingEvaluator, FORECAST, smallHeader, STACK } from '../testing/small-model.ts';
import type { StudyHeader } from './header.ts';
import { beginStudy, resumeStudy } from './study.ts';
import { judge } from '../running/judge.ts';
import type { Kept } from './kept.ts';
import { parseLines } from './study-line.ts';

const NUMBER: Kept<number> = {
  name: 'a number',
  write: (value) => value,
  read: (placed) => numberOf(placed, -Infinity, Infinity),
};

const STEPS = 8;
const seeds = [0, 1, 2, 3];
const header = smallHeader(STEPS, seeds);
const alphabet = alphabetOf({ reuse: [{}, STACK] });
const space = new PatternSpace({ steps: STEPS, budget: 3, reuse: [0, 4], gaps: 'any' }, eachGap('.', '2'));

const strategies: Readonly<Record<string, () => Strategy>> = {
  anneal: () =>
    anneal({ space, iterations: 12, climb: { rounds: 1, tries: 4, predict: (pattern) => pattern.lastIndexOf('#') } }),
  halving: () => halving({ space, count: 8, firstSeeds: 1 }),
};

/** A strategy that asks for some patterns and nothing else. */
function asking(patterns: readonly string[]): Strategy {
  return {
    expectedImages: (count) => count * patterns.length,
    async run({ assess }) {
      await assess(patterns);
    },
  };
}

/** Runs a search that goes on from a text; returns what the file then holds, and what was asked for. */
async function search(strategy: Strategy, text: string) {
  const { evaluator, asked } = countingEvaluator(STEPS);
  let file = text;
  const append = (more: string): void => void (file += more);
  const study = text === '' ? await beginStudy(header, append) : await resumeStudy(text, header, append);
  const result = await runSearch({ strategy, evaluator, alphabet, study, random: uniforms(9) });
  return { result, file, asked, study };
}

const outcome = ({ best, interval, ranking }: SearchResult) => ({
  best: best.pattern,
  scores: best.scores,
  interval,
  ranking: ranking.map(({ pattern, loss }) => [pattern, loss]),
});

/** The seeds that a file has of each schedule. */
function evaluated(text: string): readonly string[] {
  return parseLines(text).lines.flatMap((line) =>
    line.kind === 'evaluation' ? line.evaluated.seeds.map((seed) => `${line.evaluated.schedule.pattern} ${seed}`) : [],
  );
}

describe.each(Object.keys(strategies))('a search by %s that was killed', (name) => {
  const strategy = () => strategies[name]!();

  it('at any line goes on to the same result, and evaluates nothing twice', async () => {
    const whole = await search(strategy(), '');
    const lines = whole.file.split('\n').length - 1;
    for (let kept = 1; kept <= lines; kept++) {
      const text = whole.file
        .split('\n')
        .slice(0, kept)
        .map((line) => `${line}\n`)
        .join('');
      const again = await search(strategy(), text);
      expect(outcome(again.result)).toEqual(outcome(whole.result));
      expect(again.file).toBe(whole.file);
      expect([...again.asked.keys()].some((key) => evaluated(text).includes(key))).toBe(false);
    }
  });

  it('within a line loses that line only', async () => {
    const whole = await search(strategy(), '');
    const cuts = fc.integer({ min: 1, max: whole.file.length });
    await fc.assert(
      fc.asyncProperty(cuts, cuts, async (first, second) => {
        const once = await search(strategy(), whole.file.slice(0, first));
        const again = await search(strategy(), once.file.slice(0, Math.max(1, Math.min(second, once.file.length))));
        expect(outcome(again.result)).toEqual(outcome(whole.result));
        const all = evaluated(again.file);
        expect(new Set(all).size).toBe(all.length);
        expect([...all].sort()).toEqual([...evaluated(whole.file)].sort());
      }),
      { numRuns: 25 },
    );
  });

  it('by its signal keeps what was found', async () => {
    const { evaluator } = countingEvaluator(STEPS);
    const { file: whole } = await search(strategy(), '');
    let file = '';
    let left = 5;
    const signal = {
      throwIfAborted: () => {
        if (left-- === 0) throw new Error('stopped');
      },
    };
    const study = await beginStudy(header, (text) => void (file += text));
    const counted = {
      ...evaluator,
      evaluate: (...[schedule, own]: Parameters<typeof evaluator.evaluate>) => evaluator.evaluate(schedule, own),
    };
    await expect(
      runSearch({ strategy: strategy(), evaluator: counted, alphabet, study, random: uniforms(9), signal }),
    ).rejects.toThrow('stopped');
    expect(evaluated(file).length).toBeGreaterThan(0);
    expect(whole.startsWith(file)).toBe(true);
    expect((await search(strategy(), file)).file).toBe(whole);
  });
});

describe('a study', () => {
  const differing: readonly (readonly [Partial<StudyHeader>, string])[] = [
    [{ guidance: 4 }, 'the study was made with guidance 1, and this search has 4'],
    [{ model: 'sha256:other' }, 'the study was made with model "sha256:small", and this search has "sha256:other"'],
    [{ seeds: [0, 1, 2] }, 'the study was made with seeds [0,1,2,3], and this search has [0,1,2]'],
    [
      { versions: { core: '0.0.0', ort: '1.30.0' } },
      'the study was made with versions.ort nothing, and this search has "1.30.0"',
    ],
    [{ versions: {} }, 'the study was made with versions.core "0.0.0", and this search has nothing'],
    [{ constraints: { steps: 9 } }, 'the study was made with constraints.steps 8, and this search has 9'],
  ];
  it.each(differing)('refuses to go on with %j, and names both values', async (change, message) => {
    let text = '';
    await beginStudy(header, (more) => void (text += more));
    const resumed = resumeStudy(text, { ...header, ...change }, () => undefined);
    await expect(resumed).rejects.toThrow(message);
    await expect(resumed).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it.each(['null', '[]', '"x"'])('that has %s where there should be fields names both values', async (made) => {
    let text = '';
    await beginStudy(header, (more) => void (text += more));
    const damaged = JSON.stringify({ ...(JSON.parse(text) as object), versions: JSON.parse(made) as unknown });
    await expect(resumeStudy(`${damaged}\n`, header, () => undefined)).rejects.toThrow(
      `the study was made with versions ${made}, and this search has {"core":"0.0.0"`,
    );
  });

  it('goes on under the same conditions, whatever the order of the fields', async () => {
    let text = '';
    await beginStudy(
      Object.fromEntries(Object.entries(header).reverse()) as Record<keyof StudyHeader, never>,
      (more) => void (text += more),
    );
    expect((await resumeStudy(text, header, () => undefined)).torn).toBe(0);
  });

  it('that was killed in its header begins again', async () => {
    let text = '{"study":1,"mod';
    const study = await resumeStudy(text, header, (more) => void (text += more));
    expect(study.torn).toBe(1);
    expect((await resumeStudy(text, header, () => undefined)).header).toEqual(header);
  });

  it.each([
    [
      '{"schedule":{"version":1,"pattern":"#","legend":{}},"seeds":[0],"scores":{"latent-error":[1]}}\n',
      'does not begin with a header',
    ],
    ['{"study":2}\n', 'line 1 of the study: version 2 of a study is not read here'],
    ['{"hello":1}\n', 'line 1 of the study: is no line of a study'],
    ['null\n', 'line 1 of the study: null is not an object'],
    ['{"kept":1,"value":2}\n', 'line 1 of the study, kept: 1 is not a non-empty string'],
    ['{"kept":"x"}\n', 'line 1 of the study: has no value'],
    ['{"schedule":null,"seeds":[0],"scores":{}}\n', 'line 1 of the study, schedule: null is not an object'],
    [
      '{"schedule":{"version":1,"pattern":"#x","legend":{}},"seeds":[0],"scores":{}}\n',
      'line 1 of the study, schedule.pattern[1]: the letter "x"',
    ],
    [
      '{"schedule":{"version":1,"pattern":"#","legend":{}},"seeds":[-1],"scores":{}}\n',
      'line 1 of the study, seeds[0]: -1 is not an integer of at least 0',
    ],
    [
      '{"schedule":{"version":1,"pattern":"#","legend":{}},"seeds":"0","scores":{}}\n',
      'line 1 of the study, seeds: "0" is not an array',
    ],
    [
      '{"schedule":{"version":1,"pattern":"#","legend":{}},"seeds":[0],"scores":[]}\n',
      'line 1 of the study, scores: [] is not an object',
    ],
    [
      '{"schedule":{"version":1,"pattern":"#","legend":{}},"seeds":[0],"scores":{"psnr":[1e999]}}\n',
      "the score 'psnr' is neither one number",
    ],
    ['{"study":1,"guidance":1e999}\n', 'line 1 of the study.guidance: Infinity cannot be written as JSON'],
  ])('refuses %j', async (text, message) => {
    await expect(resumeStudy(text, header, () => undefined)).rejects.toThrow(message);
    await expect(resumeStudy(text, header, () => undefined)).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('refuses one into which another search has written, and names the line', async () => {
    const text = async (guidance: number) => {
      let written = '';
      await beginStudy({ ...header, guidance }, (more) => void (written += more));
      return written;
    };
    const [mine, theirs] = [await text(1), await text(4)];
    await expect(resumeStudy(`${mine}{"kept":"x","value":1}\n${theirs}`, header, () => undefined)).rejects.toThrow(
      'line 3 of the study: a second header says guidance 4, and the first 1, so that two searches are mixed in ' +
        'it; begin another study',
    );
    expect((await resumeStudy(`${mine}${mine}`, header, () => undefined)).torn).toBe(0);
  });

  it.each([
    ['header.guidance: NaN cannot be written as JSON', { guidance: NaN }],
    ['header.images.labels[1]: nothing cannot be written as JSON', { images: { labels: [1, undefined] } as never }],
    ['header.constraints.fill: a function cannot be written as JSON', { constraints: { fill: () => '.' } as never }],
    ['header.seeds[1]: -3 is not an integer of at least 0', { seeds: [0, -3] }],
    ['header.steps: 1000000000 is not an integer between 1 and 4096', { steps: 1e9 }],
  ])('cannot begin with what cannot be: %s', async (message, change) => {
    const written: string[] = [];
    await expect(beginStudy({ ...header, ...change }, (more) => void written.push(more))).rejects.toThrow(message);
    expect(written).toEqual([]);
  });

  it('writes nothing that JSON cannot say, nor what could not be read again', async () => {
    const written: string[] = [];
    const study = await beginStudy(header, (more) => void written.push(more));
    const keep = (write: (value: number) => unknown) => study.keep({ ...NUMBER, write }, () => Promise.resolve(NaN));
    await expect(keep((value) => ({ sums: [1, value] }))).rejects.toThrow(
      'what the study keeps as "a number".sums[1]: NaN cannot be written as JSON',
    );
    await expect(keep(() => 'seven')).rejects.toThrow('what the study keeps as "a number": "seven" is not');
    await expect(study.record({ version: 1, pattern: '#?', legend: {} }, [0], { 'latent-error': [1] })).rejects.toThrow(
      'the letter "?" is not in the legend',
    );
    expect(written).toHaveLength(1);
  });

  it('uses what it has written in the form in which it will be read', async () => {
    let text = '';
    const study = await beginStudy(header, (more) => void (text += more));
    const rough: Kept<number> = {
      name: 'rough',
      write: (value) => value.toPrecision(2),
      read: ({ value }) => Number(value),
    };
    expect(await study.keep(rough, () => Promise.resolve(2 / 3))).toBe(0.67);
    await study.record(uncached({ steps: 2 }), [0], { 'latent-error': [-0] });
    const [read] = (await resumeStudy(text, header, () => undefined)).scoresOf(uncached({ steps: 2 }), [0])![
      'latent-error'
    ] as readonly number[];
    const [used] = study.scoresOf(uncached({ steps: 2 }), [0])!['latent-error'] as readonly number[];
    expect(Object.is(used, read)).toBe(true);
  });

  it('goes on with the scores that were used first, where some were measured again', async () => {
    let text = '';
    const study = await beginStudy(header, (more) => void (text += more));
    await study.record(uncached({ steps: 2 }), [0, 1], { 'latent-error': [1, 2] });
    await study.record(uncached({ steps: 2 }), [1, 2], { 'latent-error': [2.5, 3] });
    for (const one of [study, await resumeStudy(text, header, () => undefined)]) {
      expect(one.scoresOf(uncached({ steps: 2 }), [0, 1, 2])).toEqual({ 'latent-error': [1, 2, 3] });
    }
  });

  it('loses only the line that could not be written whole, and writes the next on a line of its own', async () => {
    let text = '';
    let isFull = false;
    const study = await beginStudy(header, (more) => {
      text += isFull ? more.slice(0, 20) : more;
      if (isFull) throw new Error('the disk is full');
    });
    const record = (steps: number) => study.record(uncached({ steps }), [0], { 'latent-error': [steps] });
    await record(1);
    isFull = true;
    await expect(record(2)).rejects.toThrow('the disk is full');
    isFull = false;
    await record(3);
    const resumed = await resumeStudy(text, header, () => undefined);
    expect(resumed.torn).toBe(1);
    expect([1, 2, 3].map((steps) => resumed.scoresOf(uncached({ steps }), [0]))).toEqual([
      { 'latent-error': [1] },
      undefined,
      { 'latent-error': [3] },
    ]);
  });

  it('refuses scores that do not fit their seeds', () => {
    const line = '{"schedule":{"version":1,"pattern":"#","legend":{}},"seeds":[0,1],"scores":{"psnr":[1]}}';
    expect(() => parseLines(`\n${line}`)).toThrow(
      "line 2 of the study: the score 'psnr' is neither one number nor one for each of the 2 seeds",
    );
  });

  it('knows a schedule under other letters, and writes numbers that JSON lacks', async () => {
    let text = '';
    const own = { ...header, objectives: ['psnr', 'frechet'] };
    const study = await beginStudy(own, (more) => void (text += more));
    const schedule = { version: 1, pattern: '#é#', legend: { é: [{ do: 'reuse', order: 1 }] } } as const;
    await study.record(schedule, [3, 4], { psnr: [Infinity, NaN], frechet: -Infinity });
    const renamed = {
      version: 1,
      pattern: '#x#',
      legend: { x: [{ order: 1, do: 'reuse' }], y: [{ do: 'compute' }] },
      notes: { by: 'hand' },
    } as const;
    for (const known of [study, await resumeStudy(text, own, () => undefined)]) {
      expect(known.scoresOf(renamed, [3, 4])).toEqual({ psnr: [Infinity, NaN], frechet: -Infinity });
      expect(known.scoresOf(renamed, [4])).toBeUndefined();
      expect(known.missingSeeds(renamed, [4, 5])).toEqual([4, 5]); // a distance of sets is known for these sets only
      expect(known.scoresOf({ ...renamed, pattern: '#xx' }, [3, 4])).toBeUndefined();
    }
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it('makes what is dear once', async () => {
    let text = '';
    const make = (value: number) => () => Promise.resolve(value);
    const study = await beginStudy(header, (more) => void (text += more));
    expect(study.kept(NUMBER)).toBeUndefined();
    expect(await study.keep(NUMBER, make(1))).toBe(1);
    expect(await study.keep(NUMBER, make(2))).toBe(1);
    expect(await (await resumeStudy(text, header, () => undefined)).keep(NUMBER, make(3))).toBe(1);
  });

  it('writes each line in one call, in order, however many evaluations run side by side', async () => {
    const written: string[] = [];
    const { evaluator } = countingEvaluator(STEPS);
    const study = await beginStudy(header, async (text) => {
      await Promise.resolve();
      written.push(text);
    });
    const strategy = asking([...space].slice(0, 12));
    await runSearch({ strategy, evaluator, alphabet, study, random: uniforms(1), parallel: 4 });
    expect(written).toHaveLength(13);
    for (const line of written) expect(parseLines(line)).toMatchObject({ torn: 0, lines: [{}] });
  });
});

describe('a search', () => {
  it('ends after so many images, the same when it is resumed', async () => {
    const run = async (text: string) => {
      const { evaluator } = countingEvaluator(STEPS);
      let file = text;
      const study = await resumeStudy(text, header, (more) => void (file += more));
      const result = await runSearch({
        strategy: strategies['anneal']!(),
        evaluator,
        alphabet,
        study,
        random: uniforms(9),
        mostImages: 30,
      });
      return { result, file };
    };
    const whole = await run('');
    expect(whole.result.ranking).toHaveLength(7); // four images each
    const half = whole.file.slice(0, whole.file.length / 2);
    expect(await run(half).then(({ result }) => outcome(result))).toEqual(outcome(whole.result));
  });

  it('says so where the limit leaves nothing to show', async () => {
    const { evaluator } = countingEvaluator(STEPS);
    const study = await beginStudy(header, () => undefined);
    const options = { evaluator, alphabet: FORECAST, study, random: uniforms(1), mostImages: 3 };
    await expect(runSearch({ ...options, strategy: asking(['#2222222']) })).rejects.toThrow(
      'before any pattern was assessed on all 4 seeds',
    );
  });

  const raced = async (text: string) => {
    const { evaluator, asked } = countingEvaluator(STEPS);
    let file = text;
    const own = { ...header, finalSeeds: [90, 91, 92, 93] };
    const study = await resumeStudy(text, own, (more) => void (file += more));
    const final = { seeds: own.finalSeeds, count: 3 };
    const options = { evaluator, alphabet, study, random: uniforms(9), mostImages: 48, final };
    return { result: await runSearch({ ...options, strategy: strategies['anneal']!() }), file, asked };
  };

  it('ends with a race of the best on seeds that it has not seen, whatever its limit', async () => {
    const { result, asked } = await raced('');
    const { best, finalists, ranking, interval, lead } = result;
    expect(finalists.length).toBeGreaterThan(1);
    expect(
      finalists
        .map(({ pattern }) => ranking.findIndex((other) => other.pattern === pattern))
        .every((place) => place < 3),
    ).toBe(true);
    expect(best).toBe(finalists[0]);
    expect(best.seeds).toEqual([90, 91, 92, 93]);
    expect(ranking[0]!.seeds).toEqual(seeds);
    expect(interval.mean).toBe(best.loss);
    expect(lead!.mean).toBeCloseTo(finalists[1]!.loss - best.loss);
    const onFinal = [...asked.keys()].filter((key) => /9\d$/.test(key));
    expect(new Set(onFinal.map((key) => key.split(' ')[0])).size).toBe(3);
  });

  it('resumes within that race', async () => {
    const whole = await raced('');
    const again = await raced(whole.file.slice(0, whole.file.length - 100));
    expect(outcome(again.result)).toEqual(outcome(whole.result));
    expect(
      again.file
        .trimEnd()
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .at(-1),
    ).toBe(whole.file.trimEnd().split('\n').at(-1));
  });
});

describe('judge', () => {
  const own = Array.from({ length: 40 }, (_, i) => 200 + i);
  const schedules = [uncached({ steps: STEPS }), uncached({ steps: 3 }), fora({ steps: STEPS, interval: 2 })];

  it('measures schedules on other seeds, part by part, and goes on where it was stopped', async () => {
    const run = async (text: string) => {
      const { evaluator, asked } = countingEvaluator(STEPS);
      let file = text;
      const study = await resumeStudy(text, header, (more) => void (file += more));
      const shares: number[] = [];
      const judged = await judge(schedules, {
        evaluator,
        study,
        seeds: own,
        onProgress: (done, total) => shares.push(done / total),
      });
      return { judged, file, asked, shares };
    };
    const whole = await run('');
    const [none, fewer, cached] = whole.judged;
    expect(none!.interval.mean).toBe(0);
    expect(fewer!.interval.mean).toBeGreaterThan(0);
    expect(cached!.losses).toHaveLength(40);
    expect(whole.file.trimEnd().split('\n')).toHaveLength(1 + 3 * 2);
    expect(whole.shares).toEqual(whole.shares.toSorted((a, b) => a - b));
    expect(whole.shares.at(-1)).toBe(1);
    const lines = whole.file.split('\n');
    const again = await run(`${lines.slice(0, 4).join('\n')}\n`);
    expect(again.judged).toEqual(whole.judged);
    expect(again.asked.size).toBe(120 - 32 - 8 - 32);
  });

  it('judges sets as a whole', async () => {
    const parts: number[] = [];
    const evaluator = {
      objectives: [{ name: 'frechet', better: 'lower', judges: 'set' }] as const,
      evaluate: (_: unknown, part: readonly number[]) => (parts.push(part.length), Promise.resolve({ frechet: 3 })),
    };
    const study = await beginStudy({ ...header, objectives: ['frechet'] }, () => undefined);
    const [only] = await judge(schedules.slice(0, 1), { evaluator, study, seeds: own });
    expect(parts).toEqual([40]);
    expect(only!.interval.mean).toBe(3);
  });
});
