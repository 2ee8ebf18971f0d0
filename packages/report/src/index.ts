// The page about a search
export { campaignReport, type ReportExtras } from './campaign-report.ts';
export { campaignSamples, type CampaignSamplesOptions } from './campaign-samples.ts';
export { searchReport } from './search-report.ts';
export type {
  ReportedCandidate,
  ImageSets,
  MeanScores,
  ReportedBudget,
  ReportedContestant,
  ReportedObjective,
  SearchReport,
} from './report-data.ts';
export type { Movement } from './sections/movement.ts';
export type { Reproduction } from './sections/reproduction.ts';

// Its pieces, for pages of one's own
export { type Page, reportPage, type Section, figure } from './page.ts';
export { STYLE } from './style.ts';
export { type Aside, type BudgetPlot, budgetPlot, plotKey, type PlotPoint, type PlotSeries } from './budget-plot.ts';
export type { MarkShape } from './marks.ts';
export { patternStrip, stripKey } from './strips.ts';
export {
  type Deed,
  deedOf,
  type LegendEntry,
  legendOf,
  meaningOf,
  type NamedSchedule,
  type Refreshed,
  type Reused,
} from './deed.ts';
export { heatKey, type HeatMap, heatMap } from './heat-map.ts';
export { type SampleImage, type SampleRow, type Samples, sampleTable } from './samples.ts';
export { dataTable, facts, type Head, numbersOf, type Row, type TableData } from './table.ts';
export { type Attributes, type Content, element, type Markup, single, text } from './markup.ts';

// How scores are written, on the page and elsewhere
export { shownRange, shownScore, unitOf } from './shown-score.ts';

// The same for a terminal
export { campaignText, doingText, outcomeText, type Strong } from './campaign-text.ts';
