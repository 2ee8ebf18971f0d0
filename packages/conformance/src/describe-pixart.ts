import {
  type BranchId,
  createSelector,
  diffusionSteps,
  doubled,
  guided,
  type LatentShape,
  planOf,
  procachePublished,
  sample,
  type Schedule,
  type SelectorSettings,
  type TextEmbedding,
  type Tokens,
  type TokenSelector,
  uncached,
  withDenoiser,
} from '@procache/core';
import { chooseTokens } from '@procache/core/reference';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Backend, Opened } from './backend.ts';
import { largestDifference, largestMagnitude } from './distance.ts';
import { fixture, tensorsOf, type Tensors } from './fixtures.ts';

const STEPS = 20;
const GUIDANCE = 4.5;
/** Scores that are closer than this are as good as equal: in the first steps all are, and rounding chooses. */
const TIE = 5e-7;
/** What the golden run was given for the age of a token: `soft_fresh_weight / fresh_threshold`. */
const AGE = 0.25 / 4;

/** The golden run of PixArt's own code: uncached, and by the schedule that ProCache has published for it. */
export function describePixArt({ open }: Backend): void {
  let transformer: Opened;
  let expected: Tensors;
  let noise: Float32Array;
  let captions: readonly TextEmbedding[];

  beforeAll(async () => {
    transformer = await open(fixture('pixart/model.safetensors'), { num_heads: 4 });
    expected = await tensorsOf('pixart/expected.safetensors');
    noise = await expected.floats('noise');
    captions = await captionsOf(expected);
  });
  afterAll(() => transformer.dispose());

  /** The final latents, what the model said at each step, and the tokens by step and branch. */
  const draw = async (schedule: Schedule, official?: OfficialTokens) => {
    const { model, latent: shape, topology } = transformer;
    if (model.takes.kind !== 'texts') throw new Error('a PixArt takes texts');
    // The learned caption for nothing is shown as far as the image's own.
    const { values } = model.takes.unconditional!;
    const images = doubled(
      captions,
      captions.map(({ tokens }) => ({ values, tokens })),
    );
    const steps = diffusionSteps(STEPS, { ...model.defaults, sampler: 'dpm++', rule: 'time-uniform' });
    const outputs: Float32Array[] = [];
    const chosen = new Map<string, Tokens>();
    const plan = planOf(schedule, topology);
    const options = {
      transformer,
      plan,
      conditions: { timesteps: steps.timesteps, images },
      ...(official && { selector: tieBreaking(plan.selector, images.length, official) }),
      onEvaluated: ({ step, tokens }: { readonly step: number; readonly tokens: ReadonlyMap<BranchId, Tokens> }) => {
        official?.at(step + 1);
        for (const [branch, own] of tokens) chosen.set(`${step}.${branch}`, own);
      },
    };
    official?.at(0);
    const latents = await withDenoiser(options, (denoise) => {
      const seen: typeof denoise = async (latent, step) => {
        const output = await denoise(latent, step);
        outputs.push(output);
        return output;
      };
      const channels = shape.channels;
      return sample(guided(seen, GUIDANCE, { shape, channels }), noise, steps, { shape, sampler: 'dpm++' });
    });
    return { latents, outputs, chosen };
  };

  const tieBreaking = (settings: SelectorSettings, images: number, official: OfficialTokens): TokenSelector => {
    const { grid } = transformer.topology;
    return withOfficialTies(settings, { grid, images }, official);
  };

  it('uncached: the official latents', async ({ annotate }) => {
    const { latents } = await draw(uncached({ steps: STEPS }));
    const wanted = await expected.floats('full_final');
    const error = largestDifference(latents, wanted) / largestMagnitude(wanted);
    await annotate(`error ${error.toExponential(2)} of the largest value`);
    expect(error).toBeLessThanOrEqual(1e-4);
  });

  it('the published schedule: the official latents, outputs and tokens of each module', async ({ annotate }) => {
    const official = await OfficialTokens.of(expected);
    const published = procachePublished({ topology: transformer.topology, steps: STEPS });
    const schedule = { ...published, selector: { ...published.selector!, age: AGE } };
    const { latents, outputs, chosen } = await draw(schedule, official);
    expect([...chosen.keys()].sort()).toEqual(official.names);
    for (const [name, tokens] of chosen) {
      const [step, branch] = [Number.parseInt(name), name.slice(name.indexOf('.') + 1) as BranchId];
      expect(Array.from(tokens.indices), name).toEqual(Array.from(official.tokens(step, branch)!.indices));
    }
    // What the model said at each step: its noise, of the unconditional images first.
    const wanted = await expected.floats('model_output');
    outputs.forEach((output, step) => {
      const own = wanted.subarray((step * wanted.length) / STEPS, ((step + 1) * wanted.length) / STEPS);
      const difference = largestDifference(noiseOf(output, transformer.latent), halvesSwapped(own));
      expect(difference, `step ${step}`).toBeLessThanOrEqual(1e-3 * largestMagnitude(own));
    });
    const final = await expected.floats('final');
    const effect = largestDifference(final, await expected.floats('full_final'));
    const error = largestDifference(latents, final);
    await annotate(`error ${error.toExponential(2)}, ${((100 * error) / effect).toFixed(4)} % of ${effect.toFixed(3)}`);
    expect(error).toBeLessThanOrEqual(0.01 * effect);
  });
}

async function captionsOf(expected: Tensors): Promise<readonly TextEmbedding[]> {
  const [values, mask] = [await expected.floats('caption'), await expected.floats('caption_mask')];
  const [images, tokens] = expected.shape('caption_mask') as [number, number];
  const size = values.length / images;
  return Array.from({ length: images }, (_, image) => ({
    values: values.slice(image * size, (image + 1) * size),
    tokens: mask.subarray(image * tokens, (image + 1) * tokens).reduce((sum, seen) => sum + seen, 0),
  }));
}

/** The noise of an output that has a variance after it, of each image. */
function noiseOf(output: Float32Array, { channels, outChannels, height, width }: LatentShape): Float32Array {
  const pixels = height * width;
  return output.filter((_, i) => i % (outChannels * pixels) < channels * pixels);
}

/** The golden run has the unconditional images first. */
function halvesSwapped<Values extends Float32Array | Int32Array>(values: Values): Values {
  const swapped = values.slice() as Values;
  swapped.set(values.subarray(values.length / 2));
  swapped.set(values.subarray(0, values.length / 2), values.length / 2);
  return swapped;
}

/** The tokens that the golden run chose, by step and branch. */
class OfficialTokens {
  readonly #tokens: ReadonlyMap<string, Tokens>;
  /** The step that is being evaluated. */
  #step = 0;

  private constructor(tokens: ReadonlyMap<string, Tokens>) {
    this.#tokens = tokens;
  }

  static async of(expected: Tensors): Promise<OfficialTokens> {
    const tokens = new Map<string, Tokens>();
    for (const name of expected.names.filter((each) => each.startsWith('selected.'))) {
      const [, step, block, module] = name.split('.') as [string, string, string, string];
      const count = expected.shape(name)[1]!;
      const indices = Int32Array.from(await expected.floats(name));
      for (let from = 0; from < indices.length; from += count) indices.subarray(from, from + count).sort();
      const own = { count, indices: halvesSwapped(indices) };
      tokens.set(`${step}.${block}.${module === 'cross-attn' ? 'cross' : module}`, own);
    }
    return new OfficialTokens(tokens);
  }

  get names(): readonly string[] {
    return [...this.#tokens.keys()].sort();
  }

  at(step: number): void {
    this.#step = step;
  }

  tokens(step: number, branch: BranchId): Tokens | undefined {
    return this.#tokens.get(`${step}.${branch}`);
  }

  /** Adds to each token that the golden run chose as much as decides between scores that are as good as equal. */
  breakTies(branch: BranchId, ages: Float64Array): Float64Array {
    const { count, indices } = this.tokens(this.#step, branch)!;
    const perImage = (ages.length * count) / indices.length;
    const nudged = ages.slice();
    indices.forEach((token, i) => (nudged[Math.floor(i / count) * perImage + token]! += TIE));
    return nudged;
  }
}

/** The selector of these settings, which between tokens of one score takes those that the golden run took. */
function withOfficialTies(
  settings: SelectorSettings,
  { grid, images }: { readonly grid: readonly [number, number]; readonly images: number },
  official: OfficialTokens,
): TokenSelector {
  const own = createSelector(settings, { grid, images, seed: 0 });
  const within = own.within!;
  const observed = new Map<BranchId, Float32Array>();
  const ages: typeof within.ages = (branch, call, since) =>
    official.breakTies(branch, within.ages(branch, call, since));
  return {
    observe: (branch, scores) => void observed.set(branch, scores),
    select(branch, count, call, since) {
      const choice = { count, ages: ages(branch, call, since) };
      const chosen = chooseTokens(observed.get(branch)!, choice, settings, grid);
      within.chose(branch, chosen, call);
      return chosen;
    },
    within: { ages, chose: (branch, tokens, call) => within.chose(branch, tokens, call) },
  };
}
