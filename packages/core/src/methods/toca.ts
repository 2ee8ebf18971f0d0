import { ProCacheError } from '../errors.ts';
import type { Action, Schedule } from '../schedule/schedule.ts';
import { scheduleOf } from '../schedule/tabulate.ts';
import { checkTopology, type ModuleRole, roleOf, type Topology } from '../topology.ts';
import { checkOptions, type Fields } from '../untrusted/options.ts';
import { checkCount, checkShare } from './checks.ts';
import { attendsToText, depthOf } from './depth.ts';

export interface TocaOptions {
  readonly topology: Topology;
  readonly steps: number;
  /** `fresh_threshold` in the code: roughly every so many steps one is computed; 3 by default. */
  readonly interval?: number;
  /** `fresh_ratio` in the code: the share of tokens that the ratios of steps and blocks scale. */
  readonly ratio?: number;
}

export const TOCA_FIELDS: Fields<TocaOptions> = { topology: true, steps: true, interval: true, ratio: true };

/**
 * ToCa (Zou et al., ICLR 2025, arXiv 2410.05317), as its code for DiT samples with DDIM: between computed steps, every
 * block's MLP refreshes some tokens.
 *
 * By default interval 3, ratio 0.07, age 0.25 / interval, 2x2 cells with a bonus of 0.6. Throws
 * `invalid-input` for models that attend to text, for which the code has other rules.
 */
export function toca(options: TocaOptions): Schedule {
  checkOptions('toca', options, TOCA_FIELDS);
  const { topology, steps, interval = 3, ratio = 0.07 } = options;
  checkToca('ToCa', { topology, steps, interval, ratio });
  const kinds = blockKinds(steps, interval);
  const schedule = scheduleOf(
    (step, { block, module }) => {
      const kind = block === 0 ? kinds[step]!.first : kinds[step]!.others;
      return kind === 'compute'
        ? { do: 'compute' }
        : refreshOfMlp(roleOf(topology, module), tocaRatio(ratio, step, block, { steps, topology }));
    },
    steps,
    topology,
    { score: 'attention', age: 0.25 / interval, cells: [2, 2], bonus: 0.6, paired: false },
  );
  return {
    ...schedule,
    notes: { method: 'ToCa', interval, ratio, source: 'arXiv:2410.05317; github.com/Shenyi-Z/ToCa, DiT-ToCa' },
  };
}

/**
 * What the first block does at a step, and what the others do; `odd` and `even` tell refresh from whole reuse in DuCa.
 */
export interface BlockKinds {
  readonly first: 'compute' | 'odd' | 'even';
  readonly others: 'compute' | 'odd' | 'even';
}

/**
 * The kind of each step, as ToCa's and DuCa's code arrives at it.
 *
 * The code counts `left` down from `steps - 1` to 0 and computes where it is a multiple of an
 * interval, which computing sets anew: `round(interval / (1.4 - 0.8 left / steps))`, and 2 in the
 * sensitive range of [0.2, 0.4) of the steps. It decides block by block, and sets the interval once
 * block 0 has decided. So there are steps at which block 0 computes by the old interval, and the
 * others do not by the new one. The published operation counts include this.
 */
export function blockKinds(steps: number, interval: number): readonly BlockKinds[] {
  let current = interval;
  return Array.from({ length: steps }, (_, step): BlockKinds => {
    const left = steps - 1 - step;
    const kind = () => (step === 0 || left % current === 0 ? 'compute' : (left % current) % 2 === 1 ? 'odd' : 'even');
    const first = kind();
    if (first === 'compute') current = nextInterval(left, steps, interval);
    return { first, others: kind() };
  });
}

function nextInterval(left: number, steps: number, interval: number): number {
  if (left >= 0.2 * steps && left < 0.4 * steps) return 2;
  return Math.max(1, Math.round(interval / (1.4 - (0.8 * left) / steps)));
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

/** The nearest share of tokens: published ratio rules leave [0, 1], and their code cuts them off there. */
export function clampShare(ratio: number): number {
  return Math.min(1, Math.max(0, ratio));
}

/** Attention is reused as a whole; a refresh of no token is written down all the same, because it ages the tokens. */
export function refreshOfMlp(role: ModuleRole, ratio: number): Action {
  return role === 'mlp' ? { do: 'refresh', ratio } : { do: 'reuse' };
}

/** Refuses what the rules of ToCa and DuCa for DiT do not cover. */
export function checkToca(method: string, { topology, steps, interval, ratio }: Required<TocaOptions>): void {
  checkCount('steps', steps);
  checkCount('interval', interval);
  checkShare('ratio', ratio);
  checkTopology(topology);
  if (attendsToText(topology)) {
    throw new ProCacheError(
      'invalid-input',
      `${method} is written down here for class-conditional models, and this model has cross-attention; ` +
        `use fora-${interval}, procache-published or taylorseer-${interval}-2`,
    );
  }
}
