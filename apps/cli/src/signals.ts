const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Signals that come within so many milliseconds count as one: a terminal sends Ctrl-C to all of its processes, and npx
 * passes it on to this one again.
 */
const TOGETHER = 100;

/**
 * A signal that is aborted when the process is asked to stop; its reason is the name of what came.
 *
 * From then on what comes next has the effect that it has on any program: the process ends at once, by the operating
 * system, whatever it computes. Ended by Node it would first wait for the worker threads, and a native library in the
 * middle of a run does not outlive that.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) return;
    stop.abort(name);
    setTimeout(() => {
      for (const each of SIGNALS) process.removeListener(each, onSignal);
    }, TOGETHER).unref();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return stop.signal;
}
