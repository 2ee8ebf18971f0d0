#!/usr/bin/env node
import { runCommandLine } from './command-line.ts';

// A reader that has seen enough (`procache explain | head`) is no failure.
process.stdout.on('error', (cause: NodeJS.ErrnoException) => process.exit(cause.code === 'EPIPE' ? 0 : 1));

const interrupt = new AbortController();
const stopping = (signal: 'SIGINT' | 'SIGTERM', code: number) => () => {
  if (interrupt.signal.aborted) process.exit(code); // asked twice: at once, whatever is under way
  interrupt.abort(signal);
};
process.on('SIGINT', stopping('SIGINT', 130));
process.on('SIGTERM', stopping('SIGTERM', 143));

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  signal: interrupt.signal,
});
