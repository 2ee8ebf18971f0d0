import { Command, CommanderError } from 'commander';
import { registerBench } from './commands/bench.ts';
import { registerExplain } from './commands/explain.ts';
import { registerGenerate } from './commands/generate.ts';
import { registerInspect } from './commands/inspect.ts';
import { registerSchedule } from './commands/schedule.ts';
import { registerSearch } from './commands/search.ts';
import { failureOf } from './failure.ts';
import type { Host } from './host.ts';
import { inkFor } from './ink.ts';
import { wrapText } from './pictures/wrap.ts';
import { VERSION } from './version.ts';

const EXAMPLES = `
Examples:
  procache generate                          ten pieces of clothing, uncached
  procache generate --schedule fora-3 --compare
  procache generate --labels bag,sneaker --schedule procache-published
  procache explain --schedule taylorseer-4-2  what a schedule would do and cost
  procache search --budget 17                the best with 17 computed steps
  procache inspect DiT-XL-2-256x256.pt       what a checkpoint holds`;

/**
 * Runs one command line, without the name of the program, and resolves to the exit code.
 *
 * Never throws: what went wrong is told on standard error, and with --json on standard output too.
 */
export async function runCommandLine(words: readonly string[], host: Host): Promise<number> {
  try {
    await program(host).parseAsync(words, { from: 'user' });
    return 0;
  } catch (cause) {
    if (cause instanceof CommanderError && cause.exitCode === 0) return 0; // --help and --version have been shown
    return tell(cause, words, host);
  }
}

/** The program with all its commands. */
function program(host: Host): Command {
  const root = new Command('procache')
    .description('Feature-caching schedules for diffusion transformers on ONNX Runtime.')
    .version(VERSION, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', EXAMPLES)
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      outputError: () => undefined, // told below, like every other failure
      getOutHelpWidth: () => Math.min(80, host.stdout.columns ?? 80),
      getErrHelpWidth: () => Math.min(80, host.stderr.columns ?? 80),
    });
  for (const register of [registerGenerate, registerExplain, registerSearch, registerSchedule, registerInspect, registerBench]) register(root, host);
  return root;
}

function tell(cause: unknown, words: readonly string[], host: Host): number {
  const { code, message, exitCode } = failureOf(cause, host.signal);
  // Without a command commander shows its help in the place of a message.
  if (cause instanceof CommanderError && cause.code === 'commander.help') return exitCode;
  if (words.includes('--json')) host.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
  // One line for programs and logs; in a terminal, lines that fit it.
  const lines = host.stderr.isTTY ? wrapText(`procache: ${message}`, (host.stderr.columns ?? 80) - 2, (line) => line.length) : [`procache: ${message}`];
  host.stderr.write(`${lines.join('\n  ').replace('procache:', inkFor(host.stderr, host.env).alarm('procache:'))}\n`);
  if (words.includes('--debug') || host.env['DEBUG'] === 'procache') host.stderr.write(`${traceOf(cause)}\n`);
  return exitCode;
}

/** The stack of an error and of what caused it. */
function traceOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const deeper = cause.cause === undefined ? '' : `\ncaused by ${traceOf(cause.cause)}`;
  return `${cause.stack ?? cause.message}${deeper}`;
}
