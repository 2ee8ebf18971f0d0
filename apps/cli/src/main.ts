#!/usr/bin/env node
import { runCommandLine } from './command-line.ts';
import { checkedStream } from './output-stream.ts';
import { stopSignal } from './signals.ts';

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdout: checkedStream(process.stdout),
  stderr: checkedStream(process.stderr),
  env: process.env,
  signal: stopSignal(),
});
