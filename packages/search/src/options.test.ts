import { type Schedule, type Topology, trajectoryOf, uncached, uniforms } from '@procache/core';
import { describe, expect, test } from 'vitest';
import * as search from './index.ts';
import { conditionOf, smallHeader, smallModel, smallSteps } from './testing/small-model.ts';

const constraints: search.PatternConstraints = { steps: 6, budget: 3, reuse: [1, 2] };
const space = new search.PatternSpace(constraints);
const alphabet = search.alphabetOf({ reuse: [{}] });
const recording = () => Promise.reject(new Error('not asked for'));
const sampling = { steps: smallSteps(6), seeds: [0], conditions: [0].map(conditionOf) };
const trajectory = trajectoryOf(smallModel(), sampling);
const topology: Topology = smallModel().topology;
const schedule: Schedule = uncached({ steps: 6 });
const render: search.Render = (_, seeds) => Promise.resolve(seeds.map(() => new Float32Array(1)));
const evaluator = search.comparison({
  render,
  uncached: (seeds) => render(schedule, seeds),
  measures: [search.LATENT_ERROR],
});
const study = new search.Study(smallHeader(6, [0]), [], 0, () => undefined);
const random = uniforms(1);
const objective = { name: 'x', better: 'lower', judges: 'image', of: () => 0 } as const;

/** Everything that takes an object of options, with the options that it takes, and which part of them is looked at. */
const takers: readonly (readonly [name: string, take: (options: never) => unknown, options: object])[] = [
  ['constraints', (own) => new search.PatternSpace(own), constraints],
  ['alphabetOf', search.alphabetOf, { reuse: [{}] }],
  ['reuse[0]', (own) => search.alphabetOf({ reuse: [own] }), { order: 1 }],
  [
    'selective[0]',
    (own) => search.alphabetOf({ reuse: [{}], selective: [own] }),
    { blocks: [0, 1], ratio: 0.1, modules: ['mlp'] },
  ],
  ['referenceSample', (own) => search.referenceSample(constraints, own), { count: 1, random }],
  ['renderer', (own) => search.renderer(smallModel(), own), { stepsOf: smallSteps, conditionOf }],
  [
    'comparison',
    search.comparison,
    { render, uncached: (seeds: readonly number[]) => render(schedule, seeds), measures: [objective] },
  ],
  ['exhaustive', search.exhaustive, { space }],
  ['sampled', search.sampled, { space, count: 2 }],
  ['reference', (own) => search.reference(constraints, own), { count: 1 }],
  ['halving', search.halving, { space, count: 2, keep: 0.5 }],
  ['anneal', search.anneal, { space, iterations: 3 }],
  ['climb', (own) => search.anneal({ space, climb: own }), { rounds: 2 }],
  ['dynamic', search.dynamic, { space, alphabet, recording }],
  ['race', (own) => search.dynamic({ space, alphabet, recording, race: own }), { keep: 0.5 }],
  ['combined', search.combined, { space, alphabet, recording }],
  ['finish', (own) => search.combined({ space, alphabet, recording, finish: own }), { rounds: 1 }],
  ['record', (own) => search.record(trajectory, own), { reuse: [{}] }],
  ['budgetCurve', (own) => search.budgetCurve({ steps: 6 } as search.ErrorModel, own), { constraints, letters: ['.'] }],
  ['branchMovement', (own) => search.branchMovement(smallModel(), own), sampling],
  ['resample', (own) => search.resample(schedule, 4, own), { keep: 'share' }],
  ['fromReferenceList', (own) => search.fromReferenceList([1, 0], own), { topology, direction: 'noisiest-first' }],
  ['runSearch', search.runSearch, { strategy: search.exhaustive({ space }), evaluator, alphabet, study, random }],
  ['judge', (own) => search.judge([], own), { evaluator, study, seeds: [1] }],
];

describe('options', () => {
  test.each(takers)('of %s: a field that nobody reads is refused, by its name', async (name, take, options) => {
    const spread = { ...options, temprature: 1 };
    const attempt = async () => take(spread as never);
    await expect(attempt()).rejects.toMatchObject({
      name: 'ProCacheError',
      code: 'invalid-input',
      message: expect.stringContaining(`${name}: unknown key "temprature"`),
    });
  });
});
