// The figures of docs/search.md: runs every search that they come from, and prints them as Markdown.
//   node scripts/search-figures.mjs [folder] [part ...]      parts: budgets, plain, strategies, optimum; all of these
// unless given Another part, ship, puts what `budgets` has found into the zoo. A search that was stopped goes on; one
// that is done is not made again. Takes about an hour on 2 cores. Build first.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { decibels, error, interval, pooled, runParts, search as searchInto, seconds, table } from './figures.mjs';
import { root } from './workspace.mjs';

const [folder = 'out/search-figures', ...asked] = process.argv.slice(2);
const search = (name, ...words) => searchInto(join(folder, name), ...words);

const spent = ({ effort }) => seconds(effort.cpuMilliseconds);

function judgedTable({ judged }) {
  const published = judged.find(({ name }) => name === 'procache-published').scores['latent-error'];
  table(
    ['schedule', 'computed', 'latent error', '95 % sure', 'less than published', 'PSNR', 'SSIM', 'speed-up'],
    judged.map(({ name, computed, speedup, scores }) => {
      const own = scores['latent-error'];
      return [
        name,
        computed,
        error(own),
        interval(scores),
        `${(100 * (1 - own / published)).toFixed(1)} %`,
        decibels(pooled(own)),
        scores.ssim.toFixed(4),
        speedup.toFixed(2),
      ];
    }),
  );
}

const parts = {
  /** The best of all schedules, for four budgets. */
  async budgets() {
    const result = await search(
      'budgets',
      '--budget',
      '8,10,17,25',
      '--judge',
      '256',
      '--beside',
      'procache-published,fora-3,taylorseer-3-2',
    );
    judgedTable(result);
    for (const { computed, pattern, assessed } of result.budgets)
      console.log(`    ${computed} computed, the best of ${assessed}: ${pattern}`);
    console.log(
      `\nProcessor time: ${spent(result)}, before judging ${seconds(result.effort.beforeJudging?.cpuMilliseconds)}.\n`,
    );
  },
  /** No forecast: features are held as they are. */
  async plain() {
    const result = await search(
      'plain',
      '--budget',
      '17',
      '--forecast',
      '0',
      '--features',
      'branches',
      '--judge',
      '256',
      '--beside',
      'procache-published,fora-3',
    );
    judgedTable(result);
    console.log(`    ${result.budgets[0].pattern}\n`);
  },
  /** What each strategy finds with the same number of images, and what the paper's space has. */
  async strategies() {
    const same = ['--budget', '17', '--final-seeds', '0', '--judge', '64', '--beside', 'none', '--no-report'];
    const rows = [];
    for (const strategy of ['combined', 'dynamic', 'anneal', 'halving', 'sample']) {
      const candidates =
        strategy === 'halving' ? ['--candidates', '96'] : strategy === 'sample' ? ['--candidates', '30'] : [];
      const result = await search(strategy, ...same, '--strategy', strategy, ...candidates, '--most-images', '480');
      rows.push(strategyRow(strategy, 'forecasts of order 1 to 4', result));
    }
    for (const strategy of ['exhaustive', 'reference'])
      rows.push(
        strategyRow(
          strategy,
          "the paper's",
          await search(`paper-${strategy}`, ...same, '--paper', '--strategy', strategy),
        ),
      );
    table(
      [
        'strategy',
        'space',
        'patterns',
        'assessed on all images',
        'error on the images of the search',
        'on 64 others',
        'processor time',
      ],
      rows,
    );
  },
  /** How near to the optimum of a space that can be listed. */
  async optimum() {
    const same = [
      '--steps',
      '14',
      '--budget',
      '4',
      '--forecast',
      '2',
      '--features',
      'stack',
      '--reuse',
      '0-13',
      '--seeds',
      '8',
      '--final-seeds',
      '0',
      '--judge',
      '0',
      '--no-report',
    ];
    const best = await search('optimum-exhaustive', ...same, '--strategy', 'exhaustive');
    const least = best.budgets[0].searched['latent-error'];
    const rows = [];
    for (const [strategy, words] of [
      ['exhaustive', []],
      ['dynamic', []],
      ['anneal', ['--iterations', '60']],
      ['combined', []],
      ['sample', ['--candidates', '60']],
    ]) {
      const result =
        strategy === 'exhaustive'
          ? best
          : await search(`optimum-${strategy}`, ...same, '--strategy', strategy, ...words);
      const [{ searched, evaluations, pattern }] = result.budgets;
      rows.push([
        strategy,
        evaluations,
        `\`${pattern}\``,
        error(searched['latent-error']),
        `${(100 * (searched['latent-error'] / least - 1)).toFixed(1)} %`,
      ]);
    }
    table(['strategy', 'evaluations', 'best pattern', 'error', 'above the optimum'], rows);
  },
};

/** Puts what was found into the zoo, where it ships with the model. */
function ship() {
  const zoo = join(root, 'packages/zoo/models/fashion-dit/schedules');
  mkdirSync(zoo, { recursive: true });
  for (const budget of [8, 10, 17, 25]) {
    copyFileSync(join(folder, 'budgets', `found-${budget}.json`), join(zoo, `searched-${budget}.json`));
    console.error(join(zoo, `searched-${budget}.json`));
  }
}

function strategyRow(strategy, space, result) {
  const [{ patterns, assessed, searched }] = result.budgets;
  const found = result.judged.find(({ kind }) => kind === 'found').scores;
  const size = Number(patterns) < 1e6 ? patterns : Number(patterns).toExponential(0);
  return [
    strategy,
    space,
    size,
    assessed,
    error(searched['latent-error']),
    `${error(found['latent-error'])} (${interval(found)})`,
    seconds(result.effort.beforeJudging?.cpuMilliseconds),
  ];
}

await runParts(parts, asked);
if (asked.includes('ship')) ship();
