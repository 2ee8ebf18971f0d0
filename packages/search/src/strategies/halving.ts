import { checkOptions } from '@procache/core/untrusted';
import { drawDistinct, type Space } from '../space/space.ts';
import { affordable } from './exhaustive.ts';
import { race, RACE_FIELDS, raceImages, type RaceOptions } from './race.ts';
import { CANDIDATES } from './sample.ts';
import type { Strategy } from './strategy.ts';

export interface HalvingOptions extends RaceOptions {
  readonly space: Space;
  /** How many patterns begin, 64 unless given; all of the space where it has no more. */
  readonly count?: number;
}

/**
 * Successive halving (Jamieson and Talwalkar, 2016) with racing: many patterns on few seeds, few on all.
 *
 * The seeds are the same for all patterns, so that they are compared pair by pair. After each round
 * those go that are surely worse than the leader (95 % of the paired difference above 0), and of the rest
 * the worse half.
 */
export function halving({ space, count = CANDIDATES, ...options }: HalvingOptions): Strategy {
  checkOptions('halving', options, RACE_FIELDS);
  return {
    expectedImages: (seeds) => raceImages(Math.min(count, Number(space.size)), seeds, options),
    async run(search) {
      await race(search, affordable(drawDistinct(space, count, search.random), search.affords), options);
    },
  };
}
