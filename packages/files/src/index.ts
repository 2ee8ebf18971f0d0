export { checkApart } from './apart.ts';
export { type Bytes, fingerprintOf, fingerprintOfFile } from './fingerprint.ts';
export { type Journal, type JournalOptions, openJournal } from './journal.ts';
export { lockFile, type FileLock, type LockOptions } from './lock.ts';
export {
  openFolderOf,
  openOutputFolder,
  openOutputPlaces,
  type OutputFolder,
  type OutputPlace,
} from './output-folder.ts';
export {
  openRegular,
  readRange,
  readReason,
  readRegularFile,
  readRegularText,
  type OpenedFile,
  type ReadOptions,
  type RegularFileOptions,
} from './regular-file.ts';
export { readOwnFile, replaceFiles, type NamedFile } from './replace-files.ts';
export { codeOf, isSystemError, writeReason } from './system-error.ts';
export { writeWhole } from './write-whole.ts';
