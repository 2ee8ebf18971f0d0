import { type BranchId, planOf, type Schedule, type ScoreName, type Tokens, withDenoiser } from '@procache/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend, Opened } from './backend.ts';
import { largestDifference, largestMagnitude } from './distance.ts';
import { fixture, tensorsOf, type Tensors } from './fixtures.ts';
import { PLAIN_SCORES, type PlainDit, plainDit, type PlainEvaluation } from './plain-dit.ts';

const TIMESTEPS = [999, 979];
const LABELS = [3, 7];
/** Branches of each kind, the last included. */
const BLOCKS = [0, 13, 27];
/** Tokens that are refreshed: a quarter of 64. */
const COUNT = 16;
/** Of the spread of the scores: below this two of them are as good. */
const TIE = 1e-4;

/** Which tokens each score chooses, against scores worked out from the weights over plain arrays. */
export function describeScores({ open }: Backend): void {
  let transformer: Opened;
  let model: PlainDit;
  let start: Tensors;
  let latents: Float32Array;
  let evaluations: readonly PlainEvaluation[];

  beforeAll(async () => {
    transformer = await open(fixture('dit/model.safetensors'), { num_heads: 4, num_classes: 10 });
    model = await plainDit(await tensorsOf('dit/model.safetensors'), { heads: 4, grid: [8, 8] });
    start = await tensorsOf('dit/noise.safetensors');
    const { channels, height, width } = transformer.latent;
    latents = (await start.floats('noise')).slice(0, LABELS.length * channels * height * width);
    const size = latents.length / LABELS.length;
    evaluations = LABELS.map((label, i) => model(latents.subarray(i * size, (i + 1) * size), TIMESTEPS[0]!, label));
  });
  afterAll(() => transformer.dispose());

  /** What a run of two steps says, of which the second refreshes a quarter of some modules' tokens. */
  const run = async (score: ScoreName, module: string, seed?: number) => {
    const schedule: Schedule = {
      version: 1,
      pattern: '#+',
      selector: { score },
      legend: {
        '+': [
          { do: 'reuse' },
          ...BLOCKS.map((block) => ({
            do: 'refresh' as const,
            ratio: COUNT / 64,
            blocks: [block, block] as const,
            modules: [module],
          })),
        ],
      },
    };
    let chosen: ReadonlyMap<BranchId, Tokens> = new Map();
    const output = await withDenoiser(
      {
        transformer,
        plan: planOf(schedule, transformer.topology),
        conditions: { timesteps: TIMESTEPS, images: LABELS },
        ...(seed !== undefined && { seed }),
        onEvaluated: ({ tokens }) => void (chosen = tokens),
      },
      async (denoise) => {
        const first = await denoise(latents, 0);
        await denoise(latents, 1);
        return first;
      },
    );
    return { chosen, output };
  };

  it('one evaluation is that of plain arrays', async () => {
    const { output } = await run('random', 'mlp');
    const wanted = Float32Array.from(evaluations.flatMap((evaluation) => [...evaluation.output]));
    expect(largestDifference(output, wanted)).toBeLessThanOrEqual(1e-4 * largestMagnitude(wanted));
  });

  describe.each(PLAIN_SCORES)('%s', (score) => {
    it.each(['attn', 'mlp'])('chooses the best tokens of %s', async (module) => {
      const { chosen } = await run(score, module);
      expect([...chosen.keys()]).toEqual(BLOCKS.map((block) => `${block}.${module}`));
      for (const [branch, { count, indices }] of chosen) {
        expect(count).toBe(COUNT);
        evaluations.forEach(({ scores }, image) => {
          const own = scores.get(branch)![score];
          expectBest(own, indices.subarray(image * count, (image + 1) * count), `${branch} of image ${image}`);
        });
      }
    });
  });

  it('random chooses by the seed alone', async () => {
    const [one, again, other] = [
      await run('random', 'mlp', 1),
      await run('random', 'mlp', 1),
      await run('random', 'mlp', 2),
    ];
    const indicesOf = ({ chosen }: typeof one) => [...chosen.values()].map(({ indices }) => [...indices]);
    expect(indicesOf(again)).toEqual(indicesOf(one));
    expect(indicesOf(other)).not.toEqual(indicesOf(one));
    for (const indices of indicesOf(one))
      for (const image of [indices.slice(0, COUNT), indices.slice(COUNT)]) expect(new Set(image).size).toBe(COUNT);
  });
}

/** That no token was passed over which has a higher score than a chosen one, but for ties. */
function expectBest(scores: Float64Array, chosen: Int32Array, where: string): void {
  const isChosen = new Set(chosen);
  expect(isChosen.size, where).toBe(chosen.length);
  const others = scores.filter((_, token) => !isChosen.has(token));
  const spread = Math.max(...scores) - Math.min(...scores);
  const least = Math.min(...Array.from(chosen, (token) => scores[token]!));
  expect(Math.max(...others) - least, where).toBeLessThanOrEqual(TIE * spread);
}
