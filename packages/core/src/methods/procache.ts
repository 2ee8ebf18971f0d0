import { ProCacheError } from '../errors.ts';
import type { Policy, Rule, Schedule, SelectorSettings } from '../schedule/schedule.ts';
import { scheduleOf } from '../schedule/tabulate.ts';
import { checkTopology, modulesOf, roleOf, type Topology } from '../topology.ts';
import { integerOf, textOf } from '../untrusted/json-reader.ts';
import { checkOptions } from '../untrusted/options.ts';
import { shownName } from '../untrusted/printable.ts';
import { checkCount, checkShare } from './checks.ts';
import { attendsToText, deepFrom } from './depth.ts';
import { injectSelective } from './inject.ts';
import { textRatio, textSelector, tocaRatio } from './toca.ts';

export interface ProCacheOptions {
  readonly topology: Topology;
  readonly steps: number;
  /** Which steps compute (`#`) and which reuse (`.`); for 50 and 20 steps, by default those that the code ships. */
  readonly pattern?: string;
  /** The share of tokens that a selective step refreshes; the paper says 0.07 to 0.3, which is the default. */
  readonly ratio?: number;
}

/** The steps that ProCache's code computes for DiT with DDIM. */
const PATTERN_50 = '#...'.repeat(6) + '#..'.repeat(4) + '#.'.repeat(7);
/**
 * The steps that ProCache's code computes for PixArt with DPM-Solver++: its list in the order in which it is written.
 *
 * The golden run executes it so. The shipped file indexes the list with `19 - step` although its steps
 * count up, which turns it round (`##+.#+.` and so on, against Eq. 7).
 */
const PATTERN_20 = '#..'.repeat(6) + '#.';
const SOURCE = 'ProCache; github.com/macovaseas/ProCache';

/**
 * ProCache as its paper describes it: the pattern of Eqs. 2-4 with the selective steps of Eq. 7.
 *
 * A selective step refreshes a constant share of the tokens, those of the largest values in
 * self-attention, in the deepest quarter of the blocks; self-attention itself is reused. Throws
 * `invalid-input` where there is no pattern for so many steps, or the pattern has other letters.
 */
export function procache(options: ProCacheOptions): Schedule {
  checkOptions('procache', options, { topology: true, steps: true, pattern: true, ratio: true });
  const { topology, steps, ratio = 0.3 } = options;
  checkTopology(topology);
  checkCount('steps', steps);
  checkShare('ratio', ratio);
  const { pattern = shippedPattern(steps) } = options;
  checkPattern(pattern, steps);
  const modules = modulesOf(topology).filter((module) => roleOf(topology, module) !== 'self');
  const selective: readonly Rule[] = [
    { do: 'reuse' },
    { do: 'refresh', ratio, blocks: [deepFrom(topology), topology.blocks.length - 1], modules },
  ];
  return {
    version: 1,
    pattern: injectSelective(pattern),
    legend: { '+': selective },
    selector: { score: 'value-norm', age: 0, bonus: 0, paired: false },
    notes: { method: 'ProCache', ratio, source: SOURCE },
  };
}

/**
 * ProCache as its published code runs: the schedule behind the published numbers.
 *
 * For class-conditional models 50 steps, 17 of them computed and 10 selective, with ToCa's score and
 * ratios (which refresh no token at all in the first three); for models with cross-attention 20 steps,
 * 7 computed and 6 selective. Throws `invalid-input` for any other number of steps.
 */
export function procachePublished(options: { readonly topology: Topology; readonly steps: number }): Schedule {
  checkOptions('procachePublished', options, { topology: true, steps: true });
  const { topology, steps } = options;
  checkTopology(topology);
  integerOf({ value: steps, place: 'steps', code: 'invalid-input' }, 1);
  const text = attendsToText(topology);
  const published = text ? PATTERN_20 : PATTERN_50;
  if (steps !== published.length) {
    throw new ProCacheError(
      'invalid-input',
      `ProCache has published no schedule of ${steps} steps for this kind of model, only one of ${published.length}; ` +
        `use ${published.length} steps, or the method 'procache' with a pattern of ${steps} letters`,
    );
  }
  const pattern = injectSelective(published);
  const ratioOf = text ? pixartRatio : ditRatio;
  const first = deepFrom(topology);
  const policy: Policy = (step, { block, module }) => {
    if (pattern[step] === '#') return { do: 'compute' };
    if (pattern[step] === '.' || block < first || roleOf(topology, module) === 'self') return { do: 'reuse' };
    return { do: 'refresh', ratio: ratioOf(step, block, module, topology) };
  };
  const folder = text ? 'PixArt-alpha-ProCache' : 'DiT-ProCache';
  return {
    ...scheduleOf(policy, steps, topology, text ? textSelector(topology, 3) : DIT_SELECTOR),
    notes: { method: 'ProCache, published code', source: `${SOURCE}, ${folder}` },
  };
}

const DIT_SELECTOR: SelectorSettings = { score: 'attention', age: 0.25 / 4, cells: [2, 2], bonus: 0.6, paired: false };
function ditRatio(step: number, block: number, _module: string, topology: Topology): number {
  return tocaRatio(0.07, step, block, { steps: PATTERN_50.length, topology });
}

function pixartRatio(step: number, block: number, module: string, topology: Topology): number {
  return textRatio(0.3, step, { block, role: roleOf(topology, module) }, { steps: PATTERN_20.length, topology });
}

function shippedPattern(steps: number): string {
  const found = [PATTERN_50, PATTERN_20].find(({ length }) => length === steps);
  if (found !== undefined) return found;
  throw new ProCacheError(
    'invalid-input',
    `ProCache has no pattern of its own for ${steps} steps, only for 50 and 20; ` +
      `give a pattern of ${steps} letters ('procache search' finds one)`,
  );
}

function checkPattern(pattern: string, steps: number): void {
  textOf({ value: pattern, place: 'pattern', code: 'invalid-input' });
  if (pattern.length !== steps) {
    throw new ProCacheError(
      'invalid-input',
      `pattern: has ${pattern.length} letters but there are ${steps} steps; give one letter per step`,
    );
  }
  const other = /[^#.]/u.exec(pattern);
  if (other) {
    throw new ProCacheError(
      'invalid-input',
      `pattern[${other.index}]: '${shownName(other[0])}' is neither '#' (compute) nor '.' (reuse); ` +
        `Eq. 7 puts the selective steps in by itself`,
    );
  }
}
