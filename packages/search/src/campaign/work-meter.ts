/** How much of a search is done, in computed steps of one image, and how long the rest will take. */
export interface WorkMeter {
  /** Adds work to come. */
  expect(stage: string, work: number): void;
  /** Sets how much of a stage is done; `known` is the part of it that nothing had to be computed for. */
  advance(stage: string, done: number, known?: number): void;
  /** Ends a stage, which may have needed less than was expected. */
  end(stage: string): void;
  /** Between 0 and 1. */
  readonly share: number;
  /** Milliseconds that are left at most, if the work goes on as it did; undefined before any is done. */
  readonly left: number | undefined;
  readonly elapsed: number;
}

interface Stage {
  expected: number;
  done: number;
  known: number;
}

/** `now` reads a clock in milliseconds. */
export function openWorkMeter(now: () => number): WorkMeter {
  const started = now();
  const stages = new Map<string, Stage>();
  const sum = (part: (stage: Stage) => number): number =>
    [...stages.values()].reduce((total, stage) => total + part(stage), 0);
  return {
    expect(stage, work) {
      stages.set(stage, { expected: work, done: 0, known: 0 });
    },
    advance(stage, done, known = 0) {
      const own = stages.get(stage);
      if (own) [own.done, own.known] = [Math.min(done, own.expected), Math.min(known, own.expected)];
    },
    end(stage) {
      const own = stages.get(stage);
      if (own) own.expected = own.done;
    },
    get share() {
      const expected = sum((stage) => stage.expected);
      return expected === 0 ? 0 : sum((stage) => stage.done) / expected;
    },
    get left() {
      const computed = sum((stage) => stage.done - stage.known);
      return computed > 0 ? ((now() - started) * sum((stage) => stage.expected - stage.done)) / computed : undefined;
    },
    get elapsed() {
      return now() - started;
    },
  };
}
