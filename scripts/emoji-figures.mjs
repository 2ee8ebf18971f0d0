// The figures of emoji-pixart's card: searches its schedules, judges them beside others, and prints the tables.
//   node scripts/emoji-figures.mjs [folder] [part ...]       parts: budgets, published, samplers, times; all of these
// unless given. Another part, ship, puts what `budgets` has found into the zoo. Build first. What was searched and
// drawn is kept in the folder, and is not made again. `times` means something only where nothing else runs.
import { Buffer } from 'node:buffer';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { openPipeline } from '../packages/backend-node/dist/index.js';
import { byName, median } from '../packages/core/dist/index.js';
import { inTurn, resample } from '../packages/search/dist/index.js';
import { zooModel } from '../packages/zoo/dist/index.js';
import { decibels, error, interval, pooled, runParts, search, table } from './figures.mjs';
import { root } from './workspace.mjs';

const [folder = 'out/emoji-figures', ...asked] = process.argv.slice(2);
const model = zooModel('emoji-pixart');
const BUDGETS = [8, 10, 17, 25];
/** The steps of DPM-Solver++ that PixArt's published schedule is for. */
const PUBLISHED_STEPS = 20;
/**
 * As diffusers spaces it, which comes closer to 50 steps of DDIM than PixArt's own spacing does: at 20 steps the error
 * is a sixth.
 */
const SOLVER = { sampler: 'dpm++', timesteps: 'linspace' };
/** Pairs of a prompt and a seed that no search has seen; as a campaign counts them. */
const PAIRS = 256;
const FIRST_SEED = 200_000;
/** Images that are drawn together. */
const BATCH = 32;
const ROUNDS = 5;

const judgedTable = ({ judged }) =>
  table(
    ['schedule', 'computed', 'error', '95 % sure', 'PSNR', 'SSIM', 'multiply-adds'],
    judged.map(({ name, computed, multiplyAddRatio, scores }) => [
      name,
      computed,
      error(scores['latent-error']),
      interval(scores),
      decibels(pooled(scores['latent-error'])),
      scores.ssim.toFixed(4),
      `1/${multiplyAddRatio.toFixed(2)}`,
    ]),
  );

const foundIn = (part, budget) => JSON.parse(readFileSync(join(folder, part, `found-${budget}.json`), 'utf8'));

/** What stands in the tables besides what the searches judge: other samplers, and PixArt's schedule stretched. */
function others(topology) {
  const published = byName('procache-published', topology, PUBLISHED_STEPS);
  return [
    { name: 'procache-published, 50 steps', how: { schedule: resample(published, 50, { keep: 'share' }) } },
    ...[8, 10, 17, 20, 25, 50].map((steps) => solved(topology, 'uncached', steps)),
  ];
}

/** All ways of drawing that are timed; the first is what the others are compared with. */
function contestants(topology) {
  const at50 = (name) => ({ name, how: { schedule: byName(name, topology, 50) } });
  return [
    plain(topology, 50),
    ...others(topology),
    ...['procache', 'fora-3', 'taylorseer-3-2'].map(at50),
    ...BUDGETS.flatMap((budget) => [
      plain(topology, budget),
      { name: `found, ${budget} computed`, how: { schedule: foundIn('budgets', budget) } },
    ]),
    ...['procache-published', 'fora-3'].map((name) => solved(topology, name, PUBLISHED_STEPS)),
    { name: 'DPM-Solver++, 20 steps, found, 7 computed', how: { ...SOLVER, schedule: foundIn('published', 7) } },
  ];
}

function plain(topology, steps) {
  return { name: `${steps} DDIM steps`, how: { schedule: byName('uncached', topology, steps) } };
}

function solved(topology, method, steps) {
  const schedule = byName(method, topology, steps);
  return { name: `DPM-Solver++, ${steps} steps, ${method}`, how: { ...SOLVER, schedule } };
}

/** Draws the pairs that no search has seen; what is in the folder is not drawn again. */
async function drawn(pipeline, { name, how }) {
  const file = join(folder, 'drawn', `${name.replace(/[^\w]+/g, '-')}.f32`);
  if (existsSync(file)) return floats(readFileSync(file));
  const captionOf = inTurn(model.recommended.searched.judge);
  const parts = [];
  for (let first = FIRST_SEED; first < FIRST_SEED + PAIRS; first += BATCH) {
    const seeds = Array.from({ length: BATCH }, (_, i) => first + i);
    const { latents } = await pipeline.generateLatents({ conditions: seeds.map(captionOf), seeds, ...how });
    parts.push(Buffer.from(latents.buffer, latents.byteOffset, latents.byteLength));
  }
  mkdirSync(join(folder, 'drawn'), { recursive: true });
  writeFileSync(file, Buffer.concat(parts));
  return floats(Buffer.concat(parts));
}

function floats(bytes) {
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** The mean squared error of each image, the mean of those, and how sure that is. */
function errorOf(images, reference) {
  const size = images.length / PAIRS;
  const errors = Array.from({ length: PAIRS }, (_, image) => {
    let sum = 0;
    for (let i = image * size; i < (image + 1) * size; i++) sum += (images[i] - reference[i]) ** 2;
    return sum / size;
  });
  const mean = errors.reduce((sum, value) => sum + value, 0) / PAIRS;
  const variance = errors.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (PAIRS - 1);
  const half = 1.97 * Math.sqrt(variance / PAIRS); // Student's, of 255 degrees of freedom
  return { mean, interval95: [mean - half, mean + half] };
}

/** Opens the model for a part, and disposes of it. */
async function withPipeline(use) {
  const pipeline = await openPipeline(model);
  try {
    return await use(pipeline);
  } finally {
    await pipeline.dispose();
  }
}

const parts = {
  /**
   * The best of all schedules for four budgets, at 50 DDIM steps. What is forecast is the whole stack: forecasts of
   * each branch take a fifth of the time of a computed step, and were no better.
   */
  async budgets() {
    const beside = 'procache,fora-3,taylorseer-3-2';
    const images = ['--final-seeds', '32', '--judge', String(PAIRS), '--beside', beside];
    const words = ['--model', 'emoji-pixart', '--budget', BUDGETS.join(), '--features', 'stack', ...images];
    const result = await search(join(folder, 'budgets'), ...words);
    judgedTable(result);
    for (const { computed, pattern, assessed } of result.budgets)
      console.log(`    ${computed} computed, the best of ${assessed}: ${pattern}`);
  },
  /** As PixArt is published: 20 steps of DPM-Solver++, 7 of them computed. */
  async published() {
    const sampling = ['--sampler', SOLVER.sampler, '--timesteps', SOLVER.timesteps, '--steps', String(PUBLISHED_STEPS)];
    const judging = ['--judge', String(PAIRS), '--beside', 'procache-published,fora-3,taylorseer-3-2'];
    const words = ['--model', 'emoji-pixart', ...sampling, '--budget', '7', '--final-seeds', '32', ...judging];
    const result = await search(join(folder, 'published'), ...words);
    judgedTable(result);
    for (const { computed, pattern, assessed } of result.budgets)
      console.log(`    ${computed} computed, the best of ${assessed}: ${pattern}`);
  },
  /** Against 50 uncached DDIM steps: fewer steps of DPM-Solver++, and PixArt's schedule stretched to 50. */
  samplers: () =>
    withPipeline(async (pipeline) => {
      const { topology } = pipeline.model;
      const reference = await drawn(pipeline, plain(topology, 50));
      const rows = [];
      for (const contestant of others(topology)) {
        const { mean, interval95 } = errorOf(await drawn(pipeline, contestant), reference);
        rows.push([contestant.name, error(mean), interval({ interval95 }), decibels(pooled(mean))]);
      }
      table(['drawn with', 'error', '95 % sure', 'PSNR'], rows);
    }),
  /** Of the first ten images, in turns, by the clock. */
  times: () =>
    withPipeline(async (pipeline) => {
      const conditions = model.recommended.captions;
      const all = contestants(pipeline.model.topology);
      const times = all.map(() => []);
      for (let round = 0; round <= ROUNDS; round++) {
        for (const [i, { how }] of all.entries()) {
          const started = performance.now();
          await pipeline.generateLatents({ conditions, seed: 0, ...how });
          if (round > 0) times[i].push(performance.now() - started); // the first opens the sessions
        }
      }
      const uncached = times[0];
      table(
        ['drawn with', 'milliseconds, median', 'speed-up', 'of single rounds'],
        all.map(({ name }, i) => {
          const single = times[i].map((time, round) => uncached[round] / time);
          const range = `${Math.min(...single).toFixed(2)} to ${Math.max(...single).toFixed(2)}`;
          const own = median(times[i]);
          return [name, Math.round(own), (median(uncached) / own).toFixed(2), range];
        }),
      );
    }),
};

/** Puts what was found into the zoo, where it ships with the model. */
function ship() {
  const zoo = join(root, 'packages/zoo/models/emoji-pixart/schedules');
  mkdirSync(zoo, { recursive: true });
  for (const budget of BUDGETS) {
    copyFileSync(join(folder, 'budgets', `found-${budget}.json`), join(zoo, `searched-${budget}.json`));
    console.error(join(zoo, `searched-${budget}.json`));
  }
}

await runParts(parts, asked);
if (asked.includes('ship')) ship();
