import { expect, test } from 'vitest';
import { byName } from '../methods/by-name.ts';
import { planOf } from '../plan/lower.ts';
import { referenceTransformer } from '../reference/index.ts';
import { diffusionSteps } from '../sampling/diffusion.ts';
import type { Topology } from '../topology.ts';
import { checkFinite } from './finite.ts';
import { generate, type GenerateOptions } from './generate.ts';
import type { StepCall, StepResult, Transformer } from './transformer.ts';
import { withDenoiser } from './with-denoiser.ts';

const topology: Topology = {
  blocks: [
    ['attn', 'mlp'],
    ['attn', 'mlp'],
  ],
  grid: [4, 4],
};
const reference = referenceTransformer({ topology });
const size = 2 * 16;
const steps = 6;
const plan = planOf(byName('fora-3', topology, steps), topology);
const options: GenerateOptions = { plan, steps: diffusionSteps(steps), conditions: [1, 2, 3] };

/** The reference, with what it predicts changed at some step. */
function changed(at: number, change: (output: Float32Array) => void): Transformer<unknown> {
  return {
    ...reference,
    async condition(conditions, own) {
      const conditioned = await reference.condition(conditions, own);
      const execute = async (call: StepCall<unknown>): Promise<StepResult<unknown>> => {
        const result = await conditioned.execute(call as Parameters<typeof conditioned.execute>[0]);
        if (call.step === at) change(result.output);
        return result;
      };
      return { ...conditioned, execute };
    },
  };
}

test.each([
  [
    0,
    NaN,
    "step 0 ('#'): the model's output has 1 of 96 numbers that are not finite, the first of them NaN, in image " +
      '2; the weights are damaged or made for other inputs',
  ],
  [
    3,
    -Infinity,
    "step 3 ('.'): the model's output has 1 of 96 numbers that are not finite, the first of them -Infinity, in image " +
      '2;',
  ],
])('a generation stops at the first step that gives what is not finite: step %i, %d', async (at, value, message) => {
  const taken: number[] = [];
  const generation = generate(
    changed(at, (output) => (output[2 * size + 5] = value)),
    { ...options, onStep: ({ step }) => void taken.push(step) },
  );
  const error = await generation.catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: 'execution-failed', message: expect.stringContaining(message) });
  expect(taken).toEqual(Array.from({ length: at }, (_, step) => step));
});

test('with guidance it tells the picture, and which half of the batch', async () => {
  const guidance = { scale: 4, unconditional: 10, channels: 2 };
  const first = generate(
    changed(1, (output) => output.fill(NaN, 0, size)),
    { ...options, guidance },
  );
  await expect(first).rejects.toThrow(
    "step 1 ('.'): the model's output has 32 of 192 numbers that are not finite, the first of them NaN, in image 0;",
  );
  const without = generate(
    changed(1, (output) => output.fill(NaN, 4 * size)),
    { ...options, guidance },
  );
  await expect(without).rejects.toThrow(
    'has 64 of 192 numbers that are not finite, the first of them NaN, in image 1 unconditional, ' +
      'image 2 unconditional;',
  );
});

test('it also stops where the output is finite, but not what the sampler makes of it', async () => {
  const steep = { scale: 1e6, unconditional: 10, channels: 2 };
  const tooStrong = generate(
    changed(0, (output) => output.fill(3e38, 0, 2 * size)),
    { ...options, guidance: steep },
  );
  await expect(tooStrong).rejects.toMatchObject({
    code: 'execution-failed',
    message: expect.stringMatching(
      /^step 0 \('#'\): the latent that the step led to has \d+ of 96 numbers that are not finite/,
    ),
  });
  const strong = { scale: 1000, unconditional: 10, channels: 2 };
  const last = generate(
    changed(steps - 1, (output) => output.fill(3e38, 0, size)),
    { ...options, conditions: [1], guidance: strong },
  );
  await expect(last).rejects.toThrow("step 5 ('#'): the latent that the step led to has");
});

test('noise that is not finite is refused before anything is computed', async () => {
  const noise = new Float32Array(3 * size).fill(0.5);
  noise[size] = NaN;
  let conditioned = false;
  const model: Transformer<unknown> = {
    ...(reference as Transformer<unknown>),
    condition: () => ((conditioned = true), Promise.reject(new Error())),
  };
  await expect(generate(model, { ...options, noise })).rejects.toMatchObject({
    code: 'invalid-input',
    message:
      'the noise has 1 of 96 numbers that are not finite, the first of them NaN, in image 1; pass normal numbers',
  });
  expect(conditioned).toBe(false);
});

test('a denoiser of its own user refuses such a latent, and frees what it holds', async () => {
  const model = referenceTransformer({ topology });
  const conditions = { timesteps: options.steps.timesteps, images: [1] };
  const walk = withDenoiser({ transformer: model, plan, conditions }, async (denoise) => {
    await denoise(new Float32Array(size), 0);
    return denoise(new Float32Array(size).fill(Infinity, 3, 4), 1);
  });
  await expect(walk).rejects.toThrow(
    "step 1 ('.'): the latent that the step begins with has 1 of 32 numbers that are not finite, the first of " +
      'them Infinity, in image 0',
  );
  expect([model.live, model.leaked]).toEqual([0, 0]);
});

test('the largest numbers of float32 are finite, however many', () => {
  expect(() => checkFinite(new Float32Array(1e6).fill(3.4028234e38), { what: 'it', images: 1 })).not.toThrow();
  expect(() => checkFinite(new Float32Array(6).fill(NaN), { what: 'it', images: 6 })).toThrow(
    'in image 0, image 1, image 2, image 3 and 2 more;',
  );
});
