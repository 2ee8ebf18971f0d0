import { availableParallelism } from 'node:os';
import type { Screen } from '../screen.ts';

/** Says so where more threads are asked for than there are processors for them. */
export function noteThreads(screen: Screen, threads: number | undefined): void {
  const processors = availableParallelism();
  if (threads === undefined || threads <= processors) return;
  screen.note(
    `note: --threads ${threads} is more than this process may use processors (${processors}); one for each is faster`,
  );
}
