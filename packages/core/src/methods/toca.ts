import type { Action, Schedule, SelectorSettings } from '../schedule/schedule.ts';
import { scheduleOf } from '../schedule/tabulate.ts';
import { type Branch, checkTopology, type ModuleRole, roleOf, type Topology } from '../topology.ts';
import { checkOptions, type Fields } from '../untrusted/options.ts';
import { checkCount, checkShare } from './checks.ts';
import { attendsToText, depthOf } from './depth.ts';

export interface TocaOptions {
  readonly topology: Topology;
  readonly steps: number;
  /** `fresh_threshold` in the code: roughly every so many steps one is computed; 3 by default. */
  readonly interval?: number;
  /** `fresh_ratio` in the code: the share of tokens that the ratios of steps, blocks and modules scale. */
  readonly ratio?: number;
}

export const TOCA_FIELDS: Fields<TocaOptions> = { topology: true, steps: true, interval: true, ratio: true };

/**
 * ToCa (Zou et al., ICLR 2025, arXiv 2410.05317), as its code for DiT samples with DDIM: between computed steps, every
 * block's MLP refreshes some tokens.
 *
 * By default interval 3, ratio 0.07, age 0.25 / interval, 2x2 cells with a bonus of 0.6. Models that attend to text
 * are sampled as its code for PixArt does with DPM-Solver++: attention to the text refreshes tokens too, by the score
 * of `textSelector`, and the ratio is 0.3 by default.
 */
export function toca(options: TocaOptions): Schedule {
  checkOptions('toca', options, TOCA_FIELDS);
  const rules = tocaRules(options, { dit: 0.07, text: 0.3 });
  const { topology, steps, interval, ratio } = rules;
  const schedule = scheduleOf(
    (step, branch) => (rules.kindOf(step, branch) === 'compute' ? { do: 'compute' } : rules.refresh(step, branch)),
    steps,
    topology,
    rules.selector(0.6),
  );
  const folder = attendsToText(topology) ? 'PixArt-alpha-ToCa' : 'DiT-ToCa';
  return {
    ...schedule,
    notes: { method: 'ToCa', interval, ratio, source: `arXiv:2410.05317; github.com/Shenyi-Z/ToCa, ${folder}` },
  };
}

/** What ToCa and DuCa have in common: what they were asked for, and what follows from it. */
export interface TocaRules extends Required<TocaOptions> {
  kindOf(step: number, branch: Branch): BlockKinds['first'];
  /** The tokens that a step refreshes: of the MLP, and of attention to a text. */
  refresh(step: number, branch: Branch): Action;
  /** `bonus` is that of the method for DiT. */
  selector(bonus: number): SelectorSettings;
}

/** The rules for a model, with the default ratio of the method for models of its kind. */
export function tocaRules(options: TocaOptions, ratios: { readonly dit: number; readonly text: number }): TocaRules {
  const { topology, steps, interval = 3 } = options;
  checkTopology(topology);
  const text = attendsToText(topology);
  const { ratio = text ? ratios.text : ratios.dit } = options;
  checkCount('steps', steps);
  checkCount('interval', interval);
  checkShare('ratio', ratio);
  const kinds = blockKinds(steps, interval, text ? textPace(steps, interval) : ditPace(steps, interval));
  return {
    topology,
    steps,
    interval,
    ratio,
    kindOf: (step, { block }) => (block === 0 ? kinds[step]!.first : kinds[step]!.others),
    refresh(step, { block, module }) {
      const role = roleOf(topology, module);
      if (!text) return refreshOfMlp(role, tocaRatio(ratio, step, block, { steps, topology }));
      if (role !== 'cross' && role !== 'mlp') return { do: 'reuse' };
      return { do: 'refresh', ratio: textRatio(ratio, step, { block, role }, { steps, topology }) };
    },
    selector: (bonus) =>
      text
        ? textSelector(topology, interval)
        : { score: 'attention', age: 0.25 / interval, cells: [2, 2], bonus, paired: false },
  };
}

/**
 * How ToCa's code, and so ProCache's, chooses tokens of models that attend to text: by the entropy of that attention,
 * the same tokens in both halves of guidance, in cells of 4x4 where they tile the model's tokens, else in those of the
 * largest part of that which does.
 */
export function textSelector({ grid: [rows, columns] }: Topology, interval: number): SelectorSettings {
  const side = (extent: number) => [4, 2, 1].find((part) => extent % part === 0)!;
  return {
    score: 'cross-attention-entropy',
    age: 0.25 / interval,
    cells: [side(rows), side(columns)],
    bonus: 0.4,
    paired: true,
  };
}

/**
 * What the first block does at a step, and what the others do; `odd` and `even` tell refresh from whole reuse in DuCa.
 */
export interface BlockKinds {
  readonly first: 'compute' | 'odd' | 'even';
  readonly others: 'compute' | 'odd' | 'even';
}

/** How the code counts the steps, and the interval that it sets when it computes one. */
interface Pace {
  countOf(step: number): number;
  next(count: number): number;
}

/** For DiT it counts down to 0, and has a sensitive range of [0.2, 0.4) of the steps. */
function ditPace(steps: number, interval: number): Pace {
  return {
    countOf: (step) => steps - 1 - step,
    next: (left) =>
      left >= 0.2 * steps && left < 0.4 * steps ? 2 : Math.max(1, Math.round(interval / (1.4 - (0.8 * left) / steps))),
  };
}

/** For PixArt it counts up, and halves are rounded to the even number. */
function textPace(steps: number, interval: number): Pace {
  return {
    countOf: (step) => step,
    next: (step) => Math.max(1, roundHalfToEven(interval / (0.8 + (0.4 * step) / steps))),
  };
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * The kind of each step, as ToCa's and DuCa's code arrives at it; for DiT unless said otherwise.
 *
 * The code counts the steps, down from `steps - 1` to 0 for DiT, and computes where the count is a multiple of an
 * interval, which computing sets anew: for DiT `round(interval / (1.4 - 0.8 left / steps))`, and 2 in the
 * sensitive range of [0.2, 0.4) of the steps. It decides block by block, and sets the interval once
 * block 0 has decided. So there are steps at which block 0 computes by the old interval, and the
 * others do not by the new one. The published operation counts include this.
 */
export function blockKinds(
  steps: number,
  interval: number,
  pace: Pace = ditPace(steps, interval),
): readonly BlockKinds[] {
  let current = interval;
  return Array.from({ length: steps }, (_, step): BlockKinds => {
    const count = pace.countOf(step);
    const kind = () => (step === 0 || count % current === 0 ? 'compute' : (count % current) % 2 === 1 ? 'odd' : 'even');
    const first = kind();
    if (first === 'compute') current = pace.next(count);
    return { first, others: kind() };
  });
}

/**
 * The share of tokens that ToCa refreshes, its `ToCa-ddim50` rule: more of them late and deep.
 *
 * Below 0, that is in the first quarter of the steps, it is none: the code clamps it.
 */
export function tocaRatio(
  ratio: number,
  step: number,
  block: number,
  { steps, topology }: { readonly steps: number; readonly topology: Topology },
): number {
  const left = steps - 1 - step;
  return clampShare(ratio * (3 - (4 * left) / steps) * (0.8 + 0.4 * depthOf(block, topology)) * 2.5);
}

/** The same for models that attend to text: fewer tokens late and deep, and more of the MLP than of cross-attention. */
export function textRatio(
  ratio: number,
  step: number,
  { block, role }: { readonly block: number; readonly role: ModuleRole },
  { steps, topology }: { readonly steps: number; readonly topology: Topology },
): number {
  const perModule = role === 'cross' ? 0.6 : 1.6;
  return clampShare(ratio * (1.9 - (1.8 * step) / steps) * (1.6 - 1.2 * depthOf(block, topology)) * perModule);
}

/** The nearest share of tokens: published ratio rules leave [0, 1], and their code cuts them off there. */
export function clampShare(ratio: number): number {
  return Math.min(1, Math.max(0, ratio));
}

/** Attention is reused as a whole; a refresh of no token is written down all the same, because it ages the tokens. */
function refreshOfMlp(role: ModuleRole, ratio: number): Action {
  return role === 'mlp' ? { do: 'refresh', ratio } : { do: 'reuse' };
}
