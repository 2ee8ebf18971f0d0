import type { WorkMeter } from './work-meter.ts';

/** What a search has taken in this run. */
export interface Effort {
  readonly milliseconds: number;
  /** Of all threads together. */
  readonly cpuMilliseconds: number;
}

/** What has been taken so far. */
export function effortSoFar({ elapsed }: WorkMeter): Effort {
  const { user, system } = process.cpuUsage();
  return { milliseconds: Math.round(elapsed), cpuMilliseconds: Math.round((user + system) / 1000) };
}
