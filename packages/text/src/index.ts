export {
  type Pace,
  progressLine,
  type ProgressState,
  remainingTime,
  shareLine,
  type ShareState,
} from './progress-line.ts';
export { type Cell, fitsTable, formatTable } from './text-table.ts';
export { bytes, clock, counted, large, milliseconds, percent, ratio, seconds, small } from './units.ts';
export { wrapAndCut, wrapText } from './wrap.ts';
