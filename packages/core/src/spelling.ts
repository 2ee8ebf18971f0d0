/**
 * How an option is written where people give it, for messages that name it: `finalSeeds` is `--final-seeds` on a
 * command line. Whoever knows all names that there may be says so.
 */
export type Spelling<Option extends string = string> = (option: Option) => string;
