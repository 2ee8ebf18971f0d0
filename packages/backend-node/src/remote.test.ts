import { fixture } from '@procache/conformance';
import { diffusionSteps, generate, planOf, type Schedule } from '@procache/core';
import { describe, expect, it } from 'vitest';
import type * as Backend from './index.ts';

// The worker is a file that Node loads itself, so this runs the build.
const { openTransformer } = (await import(new URL('../dist/index.js', import.meta.url).href)) as typeof Backend;

const steps = diffusionSteps(6);
const schedule: Schedule = {
  version: 1,
  pattern: '#.+#+.',
  legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.25, blocks: [21, 27], modules: ['mlp'] }] },
};
const open = (thread: 'main' | 'worker') =>
  openTransformer(fixture('dit/model.safetensors'), { thread, threads: 1, config: { num_heads: 4 } });

async function draw(
  transformer: Awaited<ReturnType<typeof open>>,
  options: { signal?: AbortSignal; onStep?: () => void } = {},
): Promise<Float32Array> {
  const guidance = { scale: 1.5, unconditional: 10, channels: 3 };
  const { latents } = await generate(transformer, {
    plan: planOf(schedule, transformer.topology),
    steps,
    conditions: [1, 2],
    guidance,
    ...options,
  });
  return latents;
}

describe('a transformer in a worker thread', () => {
  it('draws the same, and leaves the event loop free', async () => {
    const [here, there] = [await open('main'), await open('worker')];
    const expected = await draw(here);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 2);
    const latents = await draw(there);
    clearInterval(timer);
    expect(latents).toEqual(expected);
    expect(ticks).toBeGreaterThan(10);
    await here.dispose();
    await there.dispose();
  });

  it('passes errors on with their code', async () => {
    const transformer = await open('worker');
    const plan = planOf(schedule, transformer.topology);
    await expect(generate(transformer, { plan, steps, conditions: [99] })).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining("label 99 is outside the model's 10 classes") as string,
    });
    await transformer.dispose();
    await expect(generate(transformer, { plan, steps, conditions: [1] })).rejects.toThrow(
      'the transformer has been disposed of; open it again',
    );
  });

  it('ends an aborted generation between steps, and goes on', async () => {
    const transformer = await open('worker');
    const controller = new AbortController();
    await expect(draw(transformer, { signal: controller.signal, onStep: () => controller.abort() })).rejects.toThrow(
      /abort/i,
    );
    expect((await draw(transformer)).length).toBe(2 * 4 * 16 * 16);
    await transformer.dispose();
  });

  it.each(['main', 'worker'] as const)(
    'that is disposed of while it draws ends its step first, and is gone then (%s)',
    async (thread) => {
      for (let round = 0; round < 5; round++) {
        const transformer = await open(thread);
        let disposed: Promise<void> | undefined;
        const plan = planOf({ ...schedule, pattern: schedule.pattern.repeat(20) }, transformer.topology);
        // At another moment of a step each time.
        const onStep = (): void =>
          void (disposed ??= new Promise((resolve) => setTimeout(resolve, 7 * round)).then(() =>
            transformer.dispose(),
          ));
        const drawing = generate(transformer, { plan, steps: diffusionSteps(120), conditions: [1, 2], onStep });
        await expect(drawing).rejects.toMatchObject({
          code: 'execution-failed',
          message: expect.stringContaining('the transformer has been disposed of; open it again') as string,
        });
        await disposed;
        await transformer.dispose();
        await expect(draw(transformer)).rejects.toThrow('the transformer has been disposed of; open it again');
      }
    },
  );
});
