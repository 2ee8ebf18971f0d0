import { MAX_ORDER } from '../limits.ts';
import type { Reuse, Schedule } from '../schedule/schedule.ts';
import { checkTopology, type Topology } from '../topology.ts';
import { checkOptions } from '../untrusted/options.ts';
import { checkCount } from './checks.ts';

export interface TaylorSeerOptions {
  readonly steps: number;
  /** A step is computed every so many steps. */
  readonly interval?: number;
  /** The degree of the Taylor polynomial. */
  readonly order?: number;
  /** How many steps are computed at the start, `first_enhance` in the code. */
  readonly first?: number;
}

/**
 * TaylorSeer (Liu et al., ICCV 2025, arXiv 2503.06923): steps between computed ones are forecast, branch by branch.
 *
 * By default interval 4, order 4 and two computed steps at the start: what the code recommends and
 * does for DiT. Keeps `order + 1` features of every branch.
 */
export function taylorseer(options: TaylorSeerOptions): Schedule {
  checkOptions('taylorseer', options, { steps: true, interval: true, order: true, first: true });
  const { steps, interval = 4, order = 4, first = 2 } = options;
  const pattern = patternOf(steps, interval, order, first);
  return {
    version: 1,
    pattern,
    legend: { '~': [{ do: 'reuse', order }] },
    notes: { method: 'TaylorSeer', interval, order, first, source: 'arXiv:2503.06923; github.com/Shenyi-Z/TaylorSeer' },
  };
}

/**
 * TaylorSeer-Lite (Cache4Diffusion; OpenVINO GenAI): the forecast of what all blocks together add to the stream.
 *
 * By default interval 5, order 2 and three computed steps at the start. Keeps `order + 1` tensors
 * where TaylorSeer keeps that many per branch. The published code forecasts the stream after the last
 * block; this forecasts what the blocks added to it, which takes in the latent of the step as it is.
 */
export function taylorseerLite(options: TaylorSeerOptions & { readonly topology: Topology }): Schedule {
  checkOptions('taylorseerLite', options, { topology: true, steps: true, interval: true, order: true, first: true });
  const { topology, steps, interval = 5, order = 2, first = 3 } = options;
  checkTopology(topology);
  const pattern = patternOf(steps, interval, order, first);
  const rule: Reuse = { do: 'reuse', order, span: [0, topology.blocks.length - 1] };
  return {
    version: 1,
    pattern,
    legend: { '~': [rule] },
    notes: {
      method: 'TaylorSeer-Lite',
      interval,
      order,
      first,
      source: 'github.com/Shenyi-Z/Cache4Diffusion; OpenVINO GenAI',
    },
  };
}

/** The first steps, then every `interval`-th counted from the last of them. */
function patternOf(steps: number, interval: number, order: number, first: number): string {
  checkCount('steps', steps);
  checkCount('interval', interval);
  checkCount('order', order, 0, MAX_ORDER);
  checkCount('first', first);
  const computes = (step: number) => step < first || (step - first + 1) % interval === 0;
  return Array.from({ length: steps }, (_, step) => (computes(step) ? '#' : '~')).join('');
}
