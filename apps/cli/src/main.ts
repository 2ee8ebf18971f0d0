#!/usr/bin/env node
import { runCommandLine } from './command-line.ts';
import { checkedStream } from './output-stream.ts';

const interrupt = new AbortController();
const stopping = (signal: 'SIGINT' | 'SIGTERM', code: number) => () => {
  if (interrupt.signal.aborted) process.exit(code); // asked twice: at once, whatever is under way
  interrupt.abort(signal);
};
process.on('SIGINT', stopping('SIGINT', 130));
process.on('SIGTERM', stopping('SIGTERM', 143));

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdout: checkedStream(process.stdout),
  stderr: checkedStream(process.stderr),
  env: process.env,
  signal: interrupt.signal,
});
