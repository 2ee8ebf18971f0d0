import { MOST_THREADS } from '@procache/backend-node';
import { FORECAST_RULES, MAX_ORDER } from '@procache/core';
import {
  type CostOptions,
  FEATURES,
  GAPS,
  MAX_SEARCHED_STEPS,
  MIXES,
  type SelectiveOption,
  type SpaceOptions,
  STRATEGY_NAMES,
  type StrategyName,
  type StrategyOptions,
} from '@procache/search';
import { type AskedMeasures, OBJECTIVES } from '@procache/search-node';
import { type Command, Option } from 'commander';
import { addCompanionOptions, type CompanionFlags } from '../arguments/companions.ts';
import { addPromptOptions, type ConditionFlags } from '../arguments/conditions.ts';
import { memoryOption, RESULT } from '../arguments/machine.ts';
import { addModelOptions, addSizeOptions, type ModelFlags } from '../arguments/model-choice.ts';
import { addProcessOptions, type ProcessFlags } from '../arguments/sampling.ts';
import { MOST_IMAGES, numberWithin, wholeNumber, wholeNumbers, wholeRange, words } from '../arguments/values.ts';
import { addScreenOptions, type ScreenFlags } from '../screen.ts';

/** Images of one kind, for searching and for the race: none of them is in two kinds, and all are kept in the study. */
const MOST_SEEDS = 10_000;
/** Images to judge by: as many as distances of sets are usually taken over. */
const MOST_JUDGED = 50_000;
/** The seeds of images follow this one, and stay whole numbers that are exact. */
const MOST_SEED = Number.MAX_SAFE_INTEGER - 1_000_000;
/** Patterns that a strategy begins with, and moves that it measures: days of work for the smallest model. */
const MOST_PATTERNS = 100_000;
/** Images after which a budget ends; every one is kept in the study. */
const MOST_ASSESSED = 1e9;
/** Models side by side. */
const MOST_WORKERS = 256;
/** The highest number of a block that is asked for: more than any model has. */
const MOST_BLOCK = 9999;
/** A day, in milliseconds. */
const MOST_TIME = 86_400_000;

export interface SearchFlags
  extends
    ModelFlags,
    ProcessFlags,
    ConditionFlags,
    CompanionFlags,
    CostOptions,
    SpaceOptions,
    StrategyOptions,
    Omit<AskedMeasures, 'zoo'>,
    ScreenFlags {
  readonly steps?: number;
  readonly strategy: StrategyName;
  readonly mostImages?: number;
  readonly seed: number;
  readonly seeds: number;
  readonly finalSeeds: number;
  readonly judge: number;
  readonly beside?: readonly string[];
  readonly out: string;
  readonly resume?: boolean;
  readonly report: boolean;
  readonly workers?: number;
  readonly threads?: number;
  readonly memory: 'normal' | 'low';
}

export function addSearchOptions(command: Command): void {
  command.optionsGroup('Model:');
  addCompanionOptions(addModelOptions(command));
  command.optionsGroup('Sampling:');
  command
    .option(
      '-n, --steps <n>',
      "how many steps the sampler takes (default: the zoo's advice, else 50)",
      wholeNumber(2, MAX_SEARCHED_STEPS),
    )
    .option('-l, --labels <list>', 'the classes to judge by, as for generate (default: all)');
  addSizeOptions(addProcessOptions(addPromptOptions(command)));
  addTargetOptions(command);
  addSpaceOptions(command);
  addObjectiveOptions(command);
  addEffortOptions(command);
  command
    .optionsGroup('Output:')
    .option('-o, --out <folder>', 'where the study, the schedules and the report go', 'procache-search')
    .option('--resume', 'go on with the study in that folder, if there is one')
    .option('--no-report', 'write no report.html, and measure nothing for it');
  addScreenOptions(command, RESULT)
    .optionsGroup('Machine:')
    .option(
      '--workers <n>',
      'models that run side by side (default: one per core, or 1 for weights over 256 MiB)',
      wholeNumber(1, MOST_WORKERS),
    )
    .option('--threads <n>', 'threads of each (default: the cores, shared out)', wholeNumber(1, MOST_THREADS))
    .addOption(memoryOption());
}

function addTargetOptions(command: Command): void {
  command
    .optionsGroup('What a schedule may cost (one of):')
    .option(
      '-b, --budget <list>',
      'computed steps; several, such as 8,12,17, are searched one after another (default: a third of the steps)',
      wholeNumbers(1, MAX_SEARCHED_STEPS),
    )
    .option('--target <ms>', 'wall-clock milliseconds of one generation on this machine', numberWithin(0, MOST_TIME))
    .option('--images <n>', 'of --target: the images of that generation (default: 10)', wholeNumber(1, MOST_IMAGES));
}

function addSpaceOptions(command: Command): void {
  command
    .optionsGroup('Which schedules there are:')
    .option(
      '--paper',
      "those of ProCache's paper: falling gaps, bounds by the budget, plain reuse, every second reused step selective",
    )
    .option(
      '--reuse <range>',
      'how many reused steps may follow a computed one, such as 1-4 (default: 0 to 2.5 times the mean)',
      wholeRange(0, MAX_SEARCHED_STEPS),
    )
    .addOption(
      new Option('--gaps <rule>', 'falling: no gap is longer than the one before (default: any)').choices(GAPS),
    )
    .option('--first <n>', 'so many first steps are computed (default: 1)', wholeNumber(1, MAX_SEARCHED_STEPS))
    .option('--last <n>', 'so many last steps are computed (default: 0)', wholeNumber(0, MAX_SEARCHED_STEPS))
    .option(
      '--forecast <orders>',
      `degrees of forecast, 0 for plain reuse, at most ${MAX_ORDER} (default: 1,2,3,4)`,
      wholeNumbers(0, MAX_ORDER),
    )
    .addOption(new Option('--rule <rule>', 'how features are forecast (default: lagrange)').choices(FORECAST_RULES))
    .addOption(
      new Option(
        '--features <kind>',
        'what is stored: of each branch, of the whole stack, or either (default: both, or the stack where ' +
          'features are large)',
      ).choices(FEATURES),
    )
    .addOption(
      new Option('--mix <unit>', 'what has one degree of forecast throughout: a gap, or a step (default: gap)').choices(
        MIXES,
      ),
    )
    .option(
      '--selective <list>',
      'also selective steps: shares of the tokens, and after @ the first block, such as 0.3,0.1@6',
      selectives,
    );
}

function addObjectiveOptions(command: Command): void {
  command
    .optionsGroup('What a good schedule is:')
    .option(
      '--objective <list>',
      `${OBJECTIVES.join(', ')}; the first is improved, the others are recorded (default: latent-error, and ` +
        `psnr and ssim of pixels)`,
      words(OBJECTIVES),
    )
    .option(
      '--feature-network <file>',
      "of frechet and kernel: an ONNX file, images in, features out (default: the zoo model's classifier)",
    )
    .option(
      '--data <file>',
      'of frechet and kernel: a safetensors file with `features`, with `mean` and `covariance`, or with `images`',
    );
}

function addEffortOptions(command: Command): void {
  command
    .optionsGroup('How to search:')
    .addOption(new Option('--strategy <name>', 'see docs/search.md').choices(STRATEGY_NAMES).default('combined'))
    .option(
      '--candidates <n>',
      'of halving, sample, reference and dynamic: how many patterns begin',
      wholeNumber(1, MOST_PATTERNS),
    )
    .option('--iterations <n>', 'of anneal and combined: how many moves are measured', wholeNumber(0, MOST_PATTERNS))
    .option(
      '--most-images <n>',
      'end each budget after so many images (default: when the strategy has seen enough)',
      wholeNumber(1, MOST_ASSESSED),
    )
    .option('--seed <n>', 'of chance, and the first seed of the images', wholeNumber(0, MOST_SEED), 0)
    .option('--seeds <n>', 'images that each schedule is searched by', wholeNumber(2, MOST_SEEDS), 16)
    .option('--final-seeds <n>', 'fresh images that the best race on, 0 for none', wholeNumber(0, MOST_SEEDS), 64)
    .option(
      '--judge <n>',
      'further images that what is found is judged on, 0 for none',
      wholeNumber(0, MOST_JUDGED),
      64,
    )
    .option(
      '--beside <list>',
      'methods that are judged too, or none (default: the published schedule, and FORA and TaylorSeer of about ' +
        'as many computed steps)',
      methods,
    );
}

/** Reads names of methods, or none. Whether there are such is for the method to say. */
function methods(text: string): readonly string[] {
  return text === 'none' ? [] : [...new Set(text.split(',').map((name) => name.trim()))];
}

/** Reads `0.3,0.1@6`. */
function selectives(text: string): readonly SelectiveOption[] {
  return text.split(',').map((part) => {
    const [ratio, from] = part.split('@');
    const share = { ratio: numberWithin(0, 1)(ratio ?? '') };
    return from === undefined ? share : { ...share, from: wholeNumber(0, MOST_BLOCK)(from) };
  });
}
