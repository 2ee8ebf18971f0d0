import { type ErrorCode, ProCacheError } from '@procache/core';
import { messageOf } from '@procache/core/untrusted';
import { isSystemError, writeReason } from '@procache/files';
import { CommanderError } from 'commander';

/** What a failure comes to: a code for programs, a message for people, and an exit code. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** 1: it failed; 2: the command line asks for something that there is not; 130, 143: interrupted. */
  readonly exitCode: number;
  /** Whether all of the message is this program's own, and no name out of a file is in it. */
  readonly isOurs: boolean;
}

/** Thrown by a command that was interrupted and has something to say about what it leaves behind. */
export class Interrupted extends Error {}

/** What there is to tell of something thrown. `signal` tells an interruption from a failure. */
export function failureOf(cause: unknown, signal: AbortSignal): Failure {
  if (cause instanceof Interrupted || (signal.aborted && cause === signal.reason)) {
    const message = cause instanceof Interrupted ? cause.message : 'interrupted; no file was written';
    return { code: 'interrupted', message, exitCode: signal.reason === 'SIGTERM' ? 143 : 130, isOurs: true };
  }
  if (cause instanceof CommanderError) {
    return { code: 'invalid-input', message: commanderMessage(cause), exitCode: 2, isOurs: false };
  }
  if (cause instanceof ProCacheError) {
    const exitCode = WRONG_USAGE.includes(cause.code) ? 2 : 1;
    return { code: cause.code, message: cause.message, exitCode, isOurs: false };
  }
  if (isSystemError(cause)) {
    return { code: 'execution-failed', message: systemMessage(cause), exitCode: 1, isOurs: false };
  }
  return {
    code: 'unexpected',
    message: `${messageOf(cause)} (a defect; --debug shows where)`,
    exitCode: 1,
    isOurs: false,
  };
}

/** What a command line asks for and cannot have. */
const WRONG_USAGE: readonly ErrorCode[] = ['invalid-input', 'infeasible-constraints'];

function systemMessage(cause: NodeJS.ErrnoException): string {
  const reason = writeReason(cause);
  return reason === undefined ? cause.message : `${cause.path ?? cause.syscall ?? 'a file'}: ${reason}`;
}

/** Commander's messages, in the manner of ours: `error: unknown option '--steep'\n(Did you mean --steps?)`. */
function commanderMessage({ message, code }: CommanderError): string {
  const plain = message.replace(/^error: /, '').replace(/\.$/, '');
  if (/^commander.unknown/.test(code) && !plain.includes('Did you mean')) return `${plain}; --help lists what there is`;
  return plain.replace(/\n?\(Did you mean (.*)\?\)$/s, '; did you mean $1?');
}
