// Several ways of drawing the same images
export type { Contestant } from './contestant.ts';
export { compare, type CompareOptions, type Comparison, type Spread, type Standing } from './compare.ts';

// Their times
export { isDisturbed, timeContestants, type StepTimes, type Timing, type TimingOptions } from './timing.ts';
export { timedRun, type RunOptions, type TimedRun, type TimedTurn, type Turn, type TurnStep } from './timed-run.ts';
export { takeTurns, type TurnOptions } from './turns.ts';

// How close they come
export { closenessOf, pixelCloseness, type Closeness, type PixelCloseness } from './closeness.ts';

// What is shown of them
export { comparisonObject, comparisonText, type ComparisonTextOptions } from './comparison-text.ts';
export { runText } from './run-text.ts';
export { benchmarkRows, benchmarkText, type Benchmark, type BenchmarkRow } from './benchmark.ts';
export type { Emphasis } from './emphasis.ts';
