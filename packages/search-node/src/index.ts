// Models that a search evaluates, and the files that it leaves
export { openSearchWorkers, type SearchMachine, type SearchWorkers } from './workers.ts';
export { openStudyFile, type StudyFile } from './study-file.ts';
export { writeOutcome, writeSchedules, type OutcomeFiles } from './results.ts';
export { writeReport, type ReportDesk } from './report.ts';

// What it says of its images, and judges by
export { describedProcess, describedTexts } from './described.ts';
export { OBJECTIVES, openMeasures, type AskedMeasures, type ObjectiveName, type OpenedMeasures } from './measures.ts';
export type { MeasureOption } from './feature-files.ts';
