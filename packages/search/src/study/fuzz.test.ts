import { diffusionSteps, ProCacheError, trajectoryOf, uncached, uniforms } from '@procache/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorModel } from '../recording/error-model.ts';
import { record } from '../recording/record.ts';
import { type Recording, recordingFromJson, recordingToJson, rounded } from '../recording/recording.ts';
import { comparison, LATENT_ERROR, type SetMeasure } from '../scoring/comparison.ts';
import { renderer } from '../scoring/renderer.ts';
import { runSearch, type SearchResult } from '../running/run-search.ts';
import { alphabetOf } from '../space/alphabet.ts';
import { eachGap } from '../space/fills.ts';
import { PatternSpace } from '../space/pattern-space.ts';
import { combined } from '../strategies/combined.ts';
import { mutated } from '../testing/mutations.ts';
import { randomModel } from '../testing/random-model.ts';
import { conditionOf, smallHeader } from '../testing/small-model.ts';
import type { Kept } from './kept.ts';
import { resumeStudy } from './study.ts';

const STEPS = 8; // a space of more patterns than are listed, so that a recording is made
const seeds = [0, 1, 2];
const header = { ...smallHeader(STEPS, seeds), finalSeeds: [7, 8], objectives: ['latent-error', 'spread'] };
const model = randomModel(uniforms(11));
const alphabet = alphabetOf({ reuse: [{}, { order: 1 }] });
const RECORDING: Kept<Recording> = {
  name: 'recording',
  write: recordingToJson,
  read: (placed) => recordingFromJson(placed.value, placed),
};
const SPREAD: SetMeasure = {
  name: 'spread',
  better: 'lower',
  judges: 'set',
  ofSet: (images) => images.reduce((sum, [first]) => sum + first!, 0),
};

async function search(text: string): Promise<{ readonly result: SearchResult; readonly file: string }> {
  let file = text;
  const study = await resumeStudy(text, header, (more) => void (file += more));
  const render = renderer(model, { stepsOf: (count) => diffusionSteps(count), conditionOf });
  const evaluator = comparison({
    render,
    uncached: (own) => render(uncached({ steps: STEPS }), own),
    measures: [LATENT_ERROR, SPREAD],
  });
  const trajectory = trajectoryOf(model, { steps: diffusionSteps(STEPS), seeds, conditions: seeds.map(conditionOf) });
  const recording = (): Promise<Recording> =>
    study.keep(RECORDING, async () => rounded(await record(trajectory, { reuse: [{}] })));
  const space = new PatternSpace({ steps: STEPS, budget: 3, reuse: [0, 3], gaps: 'any' }, eachGap(...alphabet.reused));
  const strategy = combined({
    space,
    alphabet,
    recording,
    iterations: 20,
    proposals: 4,
    climb: { rounds: 1, tries: 3 },
    anneal: { iterations: 2 },
  });
  const result = await runSearch({
    strategy,
    evaluator,
    alphabet,
    study,
    random: uniforms(3),
    final: { seeds: header.finalSeeds, count: 2 },
  });
  return { result, file };
}

const whole = await search('');
const lines = whole.file.trimEnd().split('\n');

/**
 * Ends with the result of the search that was left alone, with another where scores were changed into other scores, or
 * with an error of ours.
 */
async function expectSound(text: string): Promise<void> {
  const ended = await search(text).catch((error: unknown) => error);
  if (ended instanceof Error) {
    expect(ended).toBeInstanceOf(ProCacheError);
    expect(ended.message.length).toBeLessThan(600);
    return;
  }
  const { result, file } = ended as Awaited<ReturnType<typeof search>>;
  expect(result.best.schedule.pattern).toHaveLength(STEPS);
  expect((await resumeStudy(file, header, () => undefined)).schedules.length).toBeGreaterThan(0);
}

describe('whatever a study holds', () => {
  it('it is the study of the search, or refused with the place: members of its lines', async () => {
    const line = fc.nat(lines.length - 1).chain((at) => fc.tuple(fc.constant(at), mutated(JSON.parse(lines[at]!))));
    await fc.assert(
      fc.asyncProperty(line, ([at, json]) => expectSound(`${lines.with(at, JSON.stringify(json)).join('\n')}\n`)),
      { numRuns: 250 },
    );
  });

  it('it is the study of the search, or refused with the place: its text', async () => {
    const text = whole.file;
    const signs = fc.constantFrom(
      '',
      '\n',
      '{',
      '}',
      '"',
      ',',
      'null',
      '\0',
      '\ufeff',
      '{"study":1}\n',
      '[[[[',
      '1e999',
      lines[0]!,
      `\n${lines[1]!}\n`,
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length), fc.nat(40), signs, (at, removed, inserted) =>
        expectSound(text.slice(0, at) + inserted + text.slice(at + removed)),
      ),
      { numRuns: 250 },
    );
  });

  it('lines in another order, twice or missing are the same study', async () => {
    const some = fc.shuffledSubarray(lines.slice(1)).chain((own) => fc.tuple(fc.constant(own), fc.subarray(own)));
    await fc.assert(
      fc.asyncProperty(some, async ([own, again]) => {
        const { result } = await search(`${[lines[0]!, ...own, ...again].join('\n')}\n`);
        expect(result.ranking).toEqual(whole.result.ranking);
      }),
      { numRuns: 40 },
    );
  });
});

describe('whatever a recording holds', () => {
  const recording = JSON.parse(lines.find((line) => line.includes('"kept"'))!) as { readonly value: unknown };

  it('it predicts finite errors, or is refused with the place', () => {
    fc.assert(
      fc.property(mutated(recording.value), (json) => {
        try {
          const predicted = errorModel(recordingFromJson(json), alphabet).predict('#.1#.1');
          expect(predicted).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ProCacheError);
          expect((error as Error).message.length).toBeLessThan(400);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
