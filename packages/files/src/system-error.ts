/** What the system says when a file cannot be written, in words that say what to do. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you may not write there; choose another place',
  EPERM: 'you may not write there; choose another place',
  EROFS: 'it lies on a read-only file system; choose another place',
  ENOENT: 'there is no such folder; make it, or choose another place',
  ENOTDIR: 'a part of the path is a file; choose another place',
  EISDIR: 'there is a folder of that name; choose another name',
  ELOOP: 'the link leads round in a circle; choose another name',
  ENAMETOOLONG: 'the name is longer than a path may be; choose a shorter one',
  ENOSPC: 'the disk is full; make room, or write elsewhere',
  EDQUOT: 'your quota on that disk is used up; make room, or write elsewhere',
  EFBIG: 'the file would be larger than files may be there; write elsewhere',
  EPIPE: 'whoever read from it has gone',
  EBADF: 'it is not open for writing',
  EMFILE: 'too many files are open in this process',
  ENFILE: 'too many files are open on this machine',
  EIO: 'the disk reports an error',
};

/** A failure that the operating system told of, and not a mistake of a program. */
export function isSystemError(cause: unknown): cause is NodeJS.ErrnoException {
  return cause instanceof Error && 'syscall' in cause && 'code' in cause;
}

/** Why something could not be written, in words with a way out; undefined where the system's own have to do. */
export function writeReason(cause: unknown): string | undefined {
  return REASONS[codeOf(cause)];
}

/** The system's code of a failure, such as `ENOENT`; `undefined`, as text, of what has none. */
export function codeOf(cause: unknown): string {
  return String((cause as NodeJS.ErrnoException | undefined)?.code);
}
