import type { TerminalStream } from './pictures/progress-bar.ts';

/** What a command is given of the process that it runs in. */
export interface Host {
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user wants to stop; its reason is the name of the signal. */
  readonly signal: AbortSignal;
}
