import type { Action, Schedule } from '../schedule/schedule.ts';
import { scheduleOf } from '../schedule/tabulate.ts';
import { roleOf } from '../topology.ts';
import { checkOptions } from '../untrusted/options.ts';
import { blockKinds, checkToca, refreshOfMlp, TOCA_FIELDS, type TocaOptions, tocaRatio } from './toca.ts';

/**
 * DuCa (Zou et al., 2024, arXiv 2412.18911), as its code for DiT: ToCa's steps, every other one of which skips all
 * blocks.
 *
 * The skipping steps put the stream that was stored after the last block instead of the
 * stream; only the readout runs. By default interval 3, ratio 0.05, age 0.25 / interval, 2x2 cells with a
 * bonus of 0.8. The quirk of `blockKinds` is DuCa's too: block 0 is then computed for its features only. So
 * the span begins at block 1 in every letter; what block 0 adds before it is thrown away, and lowering drops it.
 */
export function duca(options: TocaOptions): Schedule {
  checkOptions('duca', options, TOCA_FIELDS);
  const { topology, steps, interval = 3, ratio = 0.05 } = options;
  checkToca('DuCa', { topology, steps, interval, ratio });
  const kinds = blockKinds(steps, interval);
  const last = topology.blocks.length - 1;
  const from = Math.min(1, last);
  const schedule = scheduleOf(
    (step, { block, module }): Action => {
      const { first, others } = kinds[step]!;
      const kind = block === 0 ? first : others;
      if (kind === 'compute') return { do: 'compute' };
      if (kind === 'odd')
        return refreshOfMlp(roleOf(topology, module), tocaRatio(ratio, step, block, { steps, topology }));
      return block < from ? { do: 'reuse' } : { do: 'reuse', span: [from, last], absolute: true };
    },
    steps,
    topology,
    { score: 'attention', age: 0.25 / interval, cells: [2, 2], bonus: 0.8, paired: false },
  );
  return {
    ...schedule,
    notes: { method: 'DuCa', interval, ratio, source: 'arXiv:2412.18911; github.com/Shenyi-Z/DuCa' },
  };
}
