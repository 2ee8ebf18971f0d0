import type { Assessment, Study } from '@procache/search';
import type { SearchProgress } from './search-progress.ts';
import type { WorkMeter } from './work-meter.ts';
import type { Workers } from './workers.ts';

/** What a search works with, and whom it tells how it goes. */
export interface Desk {
  readonly study: Study;
  readonly workers: Workers;
  readonly meter: WorkMeter;
  readonly progress: SearchProgress;
  readonly signal: AbortSignal;
  /** Told of the best so far of a budget: all there is to keep where the search is stopped. */
  readonly onBest: (budget: number, best: Assessment) => void;
}
