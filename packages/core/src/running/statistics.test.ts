import { describe, expect, it } from 'vitest';
import { planOf } from '../plan/lower.ts';
import { referenceTransformer } from '../reference/index.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { Topology } from '../topology.ts';
import { cachedOutput } from './output-cache.ts';
import { kindOf, median, recordSteps, type StepRecord, summarise } from './statistics.ts';
import { withDenoiser } from './with-denoiser.ts';

const topology: Topology = {
  blocks: [
    ['attn', 'mlp'],
    ['attn', 'mlp'],
  ],
  grid: [2, 2],
};
const schedule: Schedule = {
  version: 1,
  pattern: '#.+#=',
  legend: {
    '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.5, modules: ['mlp'] }],
    '=': [{ do: 'reuse', span: [0, 1], absolute: true }],
  },
};

/** A clock that each reading moves on by one more millisecond than the last. */
function clock(): () => number {
  let [time, stride] = [0, 0];
  return () => (time += stride++);
}

describe('recordSteps', () => {
  it('records what a planned generation does', async () => {
    const recorder = recordSteps(clock());
    const plan = planOf(schedule, topology);
    const conditions = { timesteps: [9, 7, 5, 3, 1], images: [0, 1] };
    await withDenoiser(
      { transformer: referenceTransformer({ topology }), plan, conditions, onEvaluated: recorder.onEvaluated },
      async (denoise) => {
        const timed = recorder.timed(denoise);
        for (let step = 0; step < 5; step++) await timed(new Float32Array(2 * 2 * 4), step);
      },
    );
    expect(recorder.records).toEqual([
      { step: 0, letter: '#', kind: 'computed', milliseconds: 1, tokens: 0 },
      { step: 1, letter: '.', kind: 'reused', milliseconds: 3, tokens: 0 },
      { step: 2, letter: '+', kind: 'selective', milliseconds: 5, tokens: 2 * 2 * 2 }, // branches, images, tokens
      { step: 3, letter: '#', kind: 'computed', milliseconds: 7, tokens: 0 },
      { step: 4, letter: '=', kind: 'reused', milliseconds: 9, tokens: 0 },
    ]);
  });

  it('tells the steps of a foreign model apart by the pattern, and counts them as computed without one', async () => {
    const recorder = recordSteps(clock());
    const model = async (latent: Float32Array) => latent;
    const timed = recorder.timed(cachedOutput(model, '#.#'), '#.#');
    for (let step = 0; step < 3; step++) await timed(new Float32Array(1), step);
    await recorder.timed(model)(new Float32Array(1), 3);
    expect(recorder.records.map(({ kind, letter }) => `${letter} ${kind}`)).toEqual([
      '# computed',
      '. reused',
      '# computed',
      '# computed',
    ]);
  });

  it('does not record a step that fails', async () => {
    const recorder = recordSteps(clock());
    const timed = recorder.timed(() => Promise.reject(new Error('no')));
    await expect(timed(new Float32Array(1), 0)).rejects.toThrow('no');
    expect(recorder.records).toEqual([]);
  });
});

describe('kindOf', () => {
  it('tells apart steps that evaluate all, some or none of the model', () => {
    const attention: Schedule = {
      ...schedule,
      pattern: '#a',
      legend: { a: [{ do: 'compute' }, { do: 'reuse', modules: ['attn'] }] },
    };
    expect(planOf(attention, topology).steps.map(kindOf)).toEqual(['computed', 'selective']);
    expect(planOf(schedule, topology).steps.map(kindOf)).toEqual([
      'computed',
      'reused',
      'selective',
      'computed',
      'reused',
    ]);
  });
});

describe('summarise', () => {
  it('sums up by letter and by kind', () => {
    const record = (
      step: number,
      letter: string,
      kind: StepRecord['kind'],
      milliseconds: number,
      tokens = 0,
    ): StepRecord => ({ step, letter, kind, milliseconds, tokens });
    const records = [
      record(0, '#', 'computed', 100),
      record(1, '.', 'reused', 4),
      record(2, '+', 'selective', 30, 12),
      record(3, '.', 'reused', 6),
      record(4, '#', 'computed', 90),
      record(5, '#', 'computed', 80),
    ];
    expect(summarise(records)).toEqual({
      timeline: '#.+.##',
      milliseconds: 310,
      letters: {
        '#': { steps: 3, medianMilliseconds: 90 },
        '.': { steps: 2, medianMilliseconds: 5 },
        '+': { steps: 1, medianMilliseconds: 30 },
      },
      computed: 3,
      selective: 1,
      reused: 2,
      tokens: 12,
    });
  });

  it('of nothing is empty', () => {
    expect(summarise([])).toEqual({
      timeline: '',
      milliseconds: 0,
      letters: {},
      computed: 0,
      selective: 0,
      reused: 0,
      tokens: 0,
    });
  });
});

describe('median', () => {
  it('is the middle, or the mean of the middle two', () => {
    expect([median([3]), median([9, 1, 2]), median([4, 1, 3, 2])]).toEqual([3, 2, 2.5]);
  });
});
