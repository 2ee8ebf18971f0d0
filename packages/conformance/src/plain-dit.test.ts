import { describe, expect, it } from 'vitest';
import { largestDifference, largestMagnitude } from './distance.ts';
import { tensorsOf } from './fixtures.ts';
import { plainDit } from './plain-dit.ts';

describe('plainDit', () => {
  it.each(['learn-sigma', 'no-sigma'])('is within 1e-5 of the official output of SiT, %s', async (name) => {
    const model = await plainDit(await tensorsOf(`sit/${name}/model.safetensors`), { heads: 4, grid: [4, 4] });
    const expected = await tensorsOf(`sit/${name}/expected.safetensors`);
    const [latents, times, labels, wanted] = await Promise.all(
      ['input.sample', 'input.timestep', 'input.class_labels', 'output.sample'].map((tensor) =>
        expected.floats(tensor),
      ),
    );
    const size = latents!.length / times!.length;
    times!.forEach((time, image) => {
      const { output } = model(latents!.subarray(image * size, (image + 1) * size), time, labels![image]!);
      const right = wanted!.subarray(image * size, (image + 1) * size); // without the channels of a variance
      expect(largestDifference(output.subarray(0, size), right)).toBeLessThanOrEqual(1e-5 * largestMagnitude(right));
    });
  });
});
