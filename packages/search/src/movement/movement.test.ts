import { diffusionSteps, fora, generate, planOf, uncached } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { conditionOf, smallModel, smallSteps } from '../testing/small-model.ts';
import { branchMovement } from './branch-movement.ts';
import { changeOf } from './change.ts';
import { watched } from './watched.ts';

const STEPS = 8;
const options = {
  steps: smallSteps(STEPS),
  seeds: [0, 1],
  conditions: [0, 1].map(conditionOf),
  guidance: { scale: 2, unconditional: 3, channels: 2 },
};

describe('a transformer that is watched', () => {
  it('makes the same images, shows every feature of computed steps, and leaks nothing', async () => {
    const model = smallModel();
    const plan = planOf(fora({ steps: STEPS, interval: 3 }), model.topology);
    const seen: number[] = [];
    const watching = watched(model, (features) => void seen.push(features.size));
    const settings = { plan, steps: diffusionSteps(STEPS), conditions: [1, 2] };
    const [plain, own] = [await generate(smallModel(), settings), await generate(watching, settings)];
    expect(own.latents).toEqual(plain.latents);
    expect(seen).toEqual(Array.from(plan.pattern!, (letter) => (letter === '#' ? 6 : 0)));
    expect([model.live, model.leaked]).toEqual([0, 0]);
  });
});

describe('branchMovement', () => {
  it('tells how each branch changes from step to step, and what reuse over a gap costs', async () => {
    const model = smallModel();
    const movement = await branchMovement(model, { ...options, longest: 3 });
    expect(movement.map(({ branch }) => branch)).toEqual(['0.attn', '0.mlp', '1.attn', '1.mlp', '2.attn', '2.mlp']);
    const all: Float32Array[] = [];
    const watching = watched(model, async (features, read) => void all.push(await read(features.get('1.mlp')!)));
    await generate(watching, {
      plan: planOf(uncached({ steps: STEPS }), model.topology),
      steps: options.steps,
      guidance: options.guidance,
      conditions: options.conditions,
    });
    const { change, reuseError } = movement[3]!;
    const relative = (gap: number) =>
      all.slice(gap).map((feature, i) => {
        const sum = (values: Float32Array) => values.reduce((total, value) => total + Math.abs(value), 0);
        return sum(feature.map((value, k) => value - all[i]![k]!)) / sum(feature);
      });
    change.forEach(({ relativeL1 }, i) => expect(relativeL1).toBeCloseTo(relative(1)[i]!, 5));
    reuseError.forEach((error, i) =>
      expect(error).toBeCloseTo(relative(i + 1).reduce((a, b) => a + b) / (STEPS - i - 1), 5),
    );
    expect(reuseError).toEqual(reuseError.toSorted((a, b) => a - b));
  });

  it('may look at some of the numbers only, evenly spread', async () => {
    const model = smallModel();
    const all: Float32Array[] = [];
    const watching = watched(model, async (features, read) => void all.push(await read(features.get('0.attn')!)));
    await generate(watching, {
      plan: planOf(uncached({ steps: STEPS }), model.topology),
      steps: options.steps,
      guidance: options.guidance,
      conditions: options.conditions,
    });
    expect(all[0]).toHaveLength(64);
    const every7th = all.map((feature) => feature.filter((_, i) => i % 7 === 0));
    const [some] = await branchMovement(smallModel(), { ...options, sample: 10 });
    expect(some!.change).toEqual(every7th.slice(1).map((feature, i) => changeOf(every7th[i]!, feature)));
    expect(some!.reuseError).toHaveLength(STEPS - 1);
  });
});

describe('a change of features', () => {
  it('is their angle and their distance', () => {
    expect(changeOf(Float32Array.of(1, 0), Float32Array.of(0, 2))).toEqual({ cosine: 0, relativeL1: 1.5 });
    const still = changeOf(Float32Array.of(3, 4), Float32Array.of(3, 4));
    expect(still.cosine).toBeCloseTo(1);
    expect(still.relativeL1).toBe(0);
    expect(changeOf(new Float32Array(2), new Float32Array(2))).toEqual({ cosine: 1, relativeL1: 0 });
    expect(() => changeOf(new Float32Array(2), new Float32Array(3))).toThrow('features of 2 and 3 numbers');
  });
});
