import { writeReason } from '@procache/files';
import { wrapText } from '@procache/text';
import { Command, CommanderError } from 'commander';
import type { Host, HostProcess } from './host.ts';
import type { OutputStream } from './output-stream.ts';
import { terminalOf } from './terminal.ts';
import { VERSION } from './version.ts';

const EXAMPLES = `
Examples:
  procache generate                       ten pieces of clothing, uncached
  procache generate --schedule fora-3 --compare
  procache generate --labels bag,sneaker --schedule procache-published
  procache generate --model emoji-pixart --prompt "noto doughnut"
  procache explain --schedule taylorseer-4-2 --shape dit-xl/2
  procache search --budget 17             the best with 17 computed steps
  procache inspect DiT-XL-2-256x256.pt    what a checkpoint holds`;

/** Gives a command its options and what it does. */
type Define = (command: Command, host: Host) => void;

interface Listed {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Define>;
}

/**
 * Every command is loaded when it is asked for, and then alone: their modules take longer than most of what they are
 * asked.
 */
const COMMANDS: readonly Listed[] = [
  {
    name: 'generate',
    summary: 'Draw images, following a caching schedule.',
    load: async () => (await import('./commands/generate.ts')).defineGenerate,
  },
  {
    name: 'explain',
    summary: 'Show what a schedule would do, and what it would cost, without running it.',
    load: async () => (await import('./commands/explain.ts')).defineExplain,
  },
  {
    name: 'search',
    summary: 'Find the caching schedule that keeps the most quality for what it may cost.',
    load: async () => (await import('./commands/search.ts')).defineSearch,
  },
  {
    name: 'schedule',
    summary: 'Adapt a schedule to other steps, or take it from or to another tool.',
    load: async () => (await import('./commands/schedule.ts')).defineSchedule,
  },
  {
    name: 'embed',
    summary: 'Read prompts into a file, for runs without a text encoder.',
    load: async () => (await import('./commands/embed.ts')).defineEmbed,
  },
  {
    name: 'inspect',
    summary: 'Show what a checkpoint, a schedule file or a generated picture holds.',
    load: async () => (await import('./commands/inspect.ts')).defineInspect,
  },
  {
    name: 'bench',
    summary: 'Measure schedules against the uncached run: wall clock, arithmetic, memory.',
    load: async () => (await import('./commands/bench.ts')).defineBench,
  },
];

/**
 * Runs one command line, without the name of the program, and resolves to the exit code.
 *
 * Never throws: what went wrong is told on standard error, and with --json on standard output too. It resolves when
 * all that was written has arrived, and to 1 where it could not.
 */
export async function runCommandLine(
  words: readonly string[],
  { stdout, stderr, env, signal }: HostProcess,
): Promise<number> {
  const host: Host = { stdout: terminalOf(stdout, env), stderr: terminalOf(stderr, env), env, signal };
  const code = await run(words, host);
  const lost = await lostOutput(stdout);
  if (lost !== undefined) host.stderr.write(`procache: ${lost}\n`);
  await stderr.settled?.();
  return lost === undefined ? code : Math.max(code, 1);
}

async function run(words: readonly string[], host: Host): Promise<number> {
  const asked = readWords(words);
  try {
    const root = await program(asked, host);
    await root.parseAsync(withoutVainHelp(asked, root), { from: 'user' });
    return 0;
  } catch (cause) {
    if (cause instanceof CommanderError && cause.exitCode === 0) return 0; // --help and --version have been shown
    return await tell(cause, words, host);
  }
}

/** Why standard output did not arrive. A reader that has seen enough (`procache explain | head`) is no failure. */
async function lostOutput(stdout: OutputStream): Promise<string | undefined> {
  const failure: NodeJS.ErrnoException | undefined = await stdout.settled?.();
  if (!failure || failure.code === 'EPIPE') return undefined;
  return `standard output: cannot be written: ${writeReason(failure) ?? failure.message}`;
}

/** `help generate` is `generate --help`. */
function readWords(words: readonly string[]): readonly string[] {
  const [first, ...rest] = words;
  if (first === '-V') return ['--version'];
  return first === 'help' ? [...rest, '--help'] : words;
}

/** Of a command that there is not there is no help, but a message. */
function withoutVainHelp(words: readonly string[], root: Command): readonly string[] {
  let command: Command | undefined = root;
  for (const word of words.filter((one) => !one.startsWith('-'))) {
    if (command.commands.length === 0) return words;
    command = command.commands.find((one) => one.name() === word);
    if (!command) return word === 'help' ? words : words.filter((one) => one !== '-h' && one !== '--help');
  }
  return words;
}

function commandIn(words: readonly string[]): string | undefined {
  return words.find((word) => !word.startsWith('-'));
}

/** The program: the command that is asked for as a whole, the others by name. */
async function program(words: readonly string[], host: Host): Promise<Command> {
  const root = new Command('procache')
    .description('Feature-caching schedules for diffusion transformers on ONNX Runtime.')
    .version(VERSION, '-v, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', EXAMPLES)
    .helpCommand('help [command]', 'show the help of a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      outputError: () => undefined, // told below, like every other failure
      getOutHelpWidth: () => Math.min(80, host.stdout.columns),
      getErrHelpWidth: () => Math.min(80, host.stderr.columns),
    });
  root.hook('preAction', (_, command) => refuseEmpty(command));
  const asked = commandIn(words);
  for (const { name, summary, load } of COMMANDS) {
    const command = root.command(name).description(summary);
    if (name === asked) (await load())(command, host);
  }
  return root;
}

/**
 * Nothing that can be asked for has an empty name: it comes of a variable of a shell that is not set, and as a path it
 * would mean the folder one is in.
 */
function refuseEmpty(command: Command): void {
  const refuse = (kind: string, name: string) =>
    command.error(`error: ${kind} '${name}' is empty; it takes a value`, { code: 'commander.invalidArgument' });
  for (const option of command.options) {
    const isText = option.long === '--negative-prompt' || option.long === '--prompt'; // the empty text is one too
    if (command.getOptionValue(option.attributeName()) === '' && !isText) refuse('option', option.flags);
  }
  for (const [at, argument] of command.registeredArguments.entries()) {
    if (command.args[at] === '') refuse('argument', argument.name());
  }
}

/** As much of a message as is read; what is longer holds a name or a text out of some file. */
const MOST_SIGNS = 700;
/** As much of a stack as is of use. */
const MOST_TRACE = 20_000;

async function tell(cause: unknown, words: readonly string[], { stdout, stderr, env, signal }: Host): Promise<number> {
  const { failureOf } = await import('./failure.ts'); // with all of core, which --version does without
  const { code, message: whole, exitCode, isOurs } = failureOf(cause, signal);
  // Without a command commander shows its help instead of a message.
  if (cause instanceof CommanderError && cause.code === 'commander.help') return exitCode;
  const debug = words.includes('--debug') || env['DEBUG'] === 'procache';
  const message = isOurs ? whole : shortened(whole, MOST_SIGNS);
  if (words.includes('--json')) stdout.writeJson(`${JSON.stringify({ error: { code, message } })}\n`);
  // One line for programs and logs; in a terminal, lines that fit it.
  const lines = stderr.isTTY ? wrapText(`procache: ${message}`, stderr.columns - 2) : [`procache: ${message}`];
  stderr.write(`${lines.join('\n  ').replace('procache:', stderr.ink.alarm('procache:'))}\n`);
  if (debug) stderr.write(`${shortened(traceOf(cause), MOST_TRACE)}\n`);
  return exitCode;
}

/** The beginning, which says where, and the end, which says what to do. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const left = text.length - most;
  const end = Math.floor(most / 3);
  return `${text.slice(0, most - end)} [${left} more signs] ${text.slice(-end)}`;
}

/** The stack of an error and of what caused it. */
function traceOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const deeper = cause.cause === undefined ? '' : `\ncaused by ${traceOf(cause.cause)}`;
  return `${cause.stack ?? cause.message}${deeper}`;
}
