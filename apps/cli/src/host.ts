import type { OutputStream } from './output-stream.ts';
import type { Terminal } from './terminal.ts';

/** What the program is given of the process that it runs in. */
export interface HostProcess {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user wants to stop; its reason is the name of the signal. */
  readonly signal: AbortSignal;
}

/** The same as a command is given it: what it writes is safe to print. */
export interface Host extends Omit<HostProcess, 'stdout' | 'stderr'> {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
}
