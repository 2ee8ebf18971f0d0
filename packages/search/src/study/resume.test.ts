import { diffusionSteps, trajectoryOf, type Transformer, uncached, uniforms } from '@procache/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorModel } from '../recording/error-model.ts';
import { record } from '../recording/record.ts';
import { type Recording, recordingFromJson, recordingToJson, rounded } from '../recording/recording.ts';
import { comparison, LATENT_ERROR } from '../scoring/comparison.ts';
import { renderer } from '../scoring/renderer.ts';
import { runSearch, type SearchResult } from '../running/run-search.ts';
import { alphabetOf, type ReuseVariant } from '../space/alphabet.ts';
import { eachGap } from '../space/fills.ts';
import { PatternSpace } from '../space/pattern-space.ts';
import { combined } from '../strategies/combined.ts';
import { randomModel, scaled } from '../testing/random-model.ts';
import { smallHeader } from '../testing/small-model.ts';
import type { Kept } from './kept.ts';
import { resumeStudy } from './study.ts';

const seeds = [0, 1, 2];
const conditionOf = (seed: number): number => seed % 3;
const RECORDING: Kept<Recording> = {
  name: 'recording',
  write: recordingToJson,
  read: (placed) => recordingFromJson(placed.value, placed),
};

/** A search of a model that goes on from a text; returns what the file then holds, and what the search came to. */
async function search(transformer: Transformer<unknown>, steps: number, text: string) {
  let file = text;
  const study = await resumeStudy(text, smallHeader(steps, seeds), (more) => void (file += more));
  const reuse: readonly ReuseVariant[] = [
    { order: 1 },
    { span: [0, transformer.topology.blocks.length - 1], order: 2, forecast: 'lagrange' },
  ];
  const alphabet = alphabetOf({ reuse });
  const sampling = { stepsOf: (count: number) => diffusionSteps(count), conditionOf };
  const render = renderer(transformer, sampling);
  const evaluator = comparison({
    render,
    uncached: (own) => render(uncached({ steps }), own),
    measures: [LATENT_ERROR],
  });
  const trajectory = trajectoryOf(transformer, {
    steps: diffusionSteps(steps),
    seeds,
    conditions: seeds.map(conditionOf),
  });
  let made: Promise<Recording> | undefined;
  const recording = (): Promise<Recording> =>
    (made ??= study.keep(RECORDING, async () => rounded(await record(trajectory, { reuse }))));
  const space = new PatternSpace({ steps, budget: 3, reuse: [0, steps - 1], gaps: 'any' }, eachGap(...alphabet.reused));
  const strategy = combined({
    space,
    alphabet,
    recording,
    iterations: 100,
    proposals: 6,
    climb: { rounds: 2, tries: 4 },
    anneal: { iterations: 4 },
  });
  const result = await runSearch({ strategy, evaluator, alphabet, study, random: uniforms(steps) });
  return {
    file,
    outcome: outcome(result),
    predicted: errorModel(await recording(), alphabet).predict(`#${alphabet.reused[0]!.repeat(steps - 1)}`),
  };
}

const outcome = ({ best, ranking, lead }: SearchResult) => ({
  best: best.pattern,
  lead,
  ranking: ranking.map(({ pattern, scores }) => [pattern, scores]),
});

describe.each([1, 1e-3, 1e-7, 1e-12, 0])('a search of random models whose outputs are %d times as large', (factor) => {
  it('goes the same way wherever it was killed', async () => {
    const drawn = fc.integer({ min: 0, max: 2 ** 31 - 1 });
    await fc.assert(
      fc.asyncProperty(drawn, async (seed) => {
        const random = uniforms(seed);
        const model = scaled(randomModel(random), factor);
        const steps = 5 + Math.floor(random() * 5);
        const whole = await search(model, steps, '');
        expect(whole.predicted).toBeGreaterThanOrEqual(0); // not NaN
        expect(whole.file).not.toMatch(/null|NaN|Infinity/);
        const lines = whole.file.split('\n');
        for (let kept = 0; kept < lines.length; kept++) {
          const torn = lines[kept]!.slice(0, Math.floor(random() * lines[kept]!.length));
          const again = await search(
            model,
            steps,
            lines
              .slice(0, kept)
              .map((line) => `${line}\n`)
              .join('') + torn,
          );
          expect(again.outcome).toEqual(whole.outcome);
          expect(again.file.split('\n').filter((line) => line !== '' && line !== torn)).toEqual(lines.slice(0, -1));
        }
      }),
      { numRuns: 3, endOnFailure: true }, // a failure prints the seed
    );
  });
});

describe('a model whose outputs are no numbers', () => {
  it.each([NaN, 1e40])('stops the recording with its cause: %d times as large', async (factor) => {
    const model = scaled(randomModel(uniforms(1)), factor);
    const trajectory = trajectoryOf(model, { steps: diffusionSteps(6), seeds, conditions: seeds.map(conditionOf) });
    await expect(record(trajectory, { reuse: [{}] })).rejects.toMatchObject({ code: 'execution-failed' });
  });
});
