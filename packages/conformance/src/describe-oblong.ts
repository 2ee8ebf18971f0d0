import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BranchId, type EvaluatedStep, planOf, type Schedule, uncached, withDenoiser } from '@procache/core';
import { bytesSource, openCheckpoint } from '@procache/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Backend, Opened } from './backend.ts';
import { largestDifference, largestMagnitude } from './distance.ts';
import { tensorsIn } from './fixtures.ts';
import { type PlainDit, plainDit } from './plain-dit.ts';
import { randomDit } from './random-dit.ts';

/** Three rows of five tokens: a latent of 6 by 10 pixels. */
const GRID = [3, 5] as const;
const EXTENTS = { grid: GRID, hidden: 16, depth: 3, channels: 3, patch: 2, labels: 6 };
const CONFIG = { num_heads: 2, num_classes: 5, input_size: [6, 10] };
const LABELS = [1, 4];
const TIMESTEP = 700;

/** A model whose latent is wider than it is high, against plain arrays: rows and columns are not mixed up anywhere. */
export function describeOblong({ open }: Backend): void {
  let folder: string;
  let transformer: Opened;
  let model: PlainDit;
  const size = EXTENTS.channels * 6 * 10;
  const latents = Float32Array.from({ length: LABELS.length * size }, (_, i) => Math.sin(1.7 * i) + Math.cos(i ** 2));
  const latentOf = (image: number) => latents.subarray(image * size, (image + 1) * size);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'procache-oblong-'));
    const path = join(folder, 'model.safetensors');
    const bytes = randomDit(EXTENTS);
    await writeFile(path, bytes);
    transformer = await open(path, CONFIG);
    model = await plainDit(tensorsIn(await openCheckpoint(bytesSource(path, bytes))), { heads: 2, grid: GRID });
  });
  afterAll(async () => {
    await transformer.dispose();
    await rm(folder, { recursive: true });
  });

  it('has rows and columns of its own', () => {
    expect(transformer.topology.grid).toEqual(GRID);
    expect(transformer.latent).toMatchObject({ channels: 3, height: 6, width: 10 });
  });

  it('one evaluation is that of plain arrays', async () => {
    const plan = planOf(uncached({ steps: 1 }), transformer.topology);
    const conditions = { timesteps: [TIMESTEP], images: LABELS };
    const output = await withDenoiser({ transformer, plan, conditions }, (denoise) => denoise(latents, 0));
    const wanted = Float32Array.from(LABELS.flatMap((label, i) => [...model(latentOf(i), TIMESTEP, label).output]));
    expect(largestDifference(output, wanted)).toBeLessThanOrEqual(1e-4 * largestMagnitude(wanted));
  });

  it('a bonus goes to the best token of each cell, as cells lie in the grid', async () => {
    // Cells of three rows by one column, with a bonus above all scores: the best token of each column is chosen.
    const schedule: Schedule = {
      version: 1,
      pattern: '#+',
      selector: { score: 'token-norm', cells: [3, 1], bonus: 100 },
      legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 5 / 15, blocks: [1, 1], modules: ['mlp'] }] },
    };
    const chosen = new Map<BranchId, readonly number[]>();
    const options = {
      transformer,
      plan: planOf(schedule, transformer.topology),
      conditions: { timesteps: [TIMESTEP, TIMESTEP - 20], images: LABELS },
      onEvaluated: ({ tokens }: EvaluatedStep) =>
        tokens.forEach(({ indices }, branch) => chosen.set(branch, [...indices])),
    };
    await withDenoiser(options, async (denoise) => [await denoise(latents, 0), await denoise(latents, 1)]);
    const wanted = LABELS.flatMap((label, i) => {
      const scores = model(latentOf(i), TIMESTEP, label).scores.get('1.mlp')!['token-norm'];
      const columns = Array.from({ length: GRID[1] }, (_, column) => [column, column + 5, column + 10]);
      return columns.map((tokens) => tokens.reduce((a, b) => (scores[b]! > scores[a]! ? b : a))).sort((a, b) => a - b);
    });
    expect(chosen.get('1.mlp')).toEqual(wanted);
  });
}
