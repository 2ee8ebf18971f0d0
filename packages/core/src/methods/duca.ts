import type { Action, Schedule } from '../schedule/schedule.ts';
import { scheduleOf } from '../schedule/tabulate.ts';
import { checkOptions } from '../untrusted/options.ts';
import { TOCA_FIELDS, type TocaOptions, tocaRules } from './toca.ts';

/**
 * DuCa (Zou et al., 2024, arXiv 2412.18911), as its code for DiT: ToCa's steps, every other one of which skips all
 * blocks.
 *
 * The skipping steps put the stream that was stored after the last block instead of the
 * stream; only the readout runs. By default interval 3, ratio 0.05, age 0.25 / interval, 2x2 cells with a
 * bonus of 0.8; for models that attend to text ratio 0.75 and ToCa's steps and score for those. The quirk of
 * `blockKinds` is DuCa's too: block 0 is then computed for its features only. So the span begins at block 1 in every
 * letter; what block 0 adds before it is thrown away, and lowering drops it.
 */
export function duca(options: TocaOptions): Schedule {
  checkOptions('duca', options, TOCA_FIELDS);
  const rules = tocaRules(options, { dit: 0.05, text: 0.75 });
  const { topology, steps, interval, ratio } = rules;
  const last = topology.blocks.length - 1;
  const from = Math.min(1, last);
  const schedule = scheduleOf(
    (step, branch): Action => {
      const kind = rules.kindOf(step, branch);
      if (kind === 'compute') return { do: 'compute' };
      if (kind === 'odd') return rules.refresh(step, branch);
      return branch.block < from ? { do: 'reuse' } : { do: 'reuse', span: [from, last], absolute: true };
    },
    steps,
    topology,
    rules.selector(0.8),
  );
  return {
    ...schedule,
    notes: { method: 'DuCa', interval, ratio, source: 'arXiv:2412.18911; github.com/Shenyi-Z/DuCa' },
  };
}
