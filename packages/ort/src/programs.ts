import { type Plan, programsOf, type StepProgram } from '@procache/core';
import type { TransformerModel } from '@procache/model';
import type { InferenceSession } from 'onnxruntime-common';
import type { OrtHost, Residence } from './host.ts';
import { mergePrograms, skeletonOf } from './merge-programs.ts';

/** A program that gives all that those it serves give. */
export interface SharedProgram {
  readonly program: StepProgram;
  /** The keys of the programs that it serves. */
  readonly serves: readonly string[];
}

/**
 * What there is to compile for some programs, each served by one graph.
 *
 * Programs that differ only in what they give share a graph, and so their weights: an output that
 * a run does not ask for costs next to nothing (docs/performance.md).
 */
export function sharedPrograms(programs: readonly StepProgram[]): readonly SharedProgram[] {
  const scores = new Set(programs.flatMap(({ score }) => score ?? []));
  const groups = new Map<string, StepProgram[]>();
  for (const program of programs) {
    // A graph gives one kind of score; programs with different ones share no graph.
    const group = skeletonOf(program) + (scores.size > 1 ? (program.score ?? '') : '');
    groups.set(group, [...(groups.get(group) ?? []), program]);
  }
  return [...groups.values()].map((group) => ({ program: mergePrograms(group), serves: group.map(({ key }) => key) }));
}

/** A session, and the program that its graph was written for. */
export interface OpenSession extends SharedProgram {
  readonly session: InferenceSession;
}

/** The open sessions of a model. Opens what plans need, and closes what no plan needs any longer. */
export class ProgramStore {
  readonly #model: TransformerModel;
  readonly #host: OrtHost;
  readonly #residence: Residence;
  #open: readonly OpenSession[] = [];
  /** The plans that generations are following, once for each of them. */
  #running: readonly Plan[] = [];
  /** The plans that are kept between generations. */
  #prepared: readonly Plan[] = [];
  #busy: Promise<unknown> = Promise.resolve();

  constructor(model: TransformerModel, host: OrtHost, residence: Residence) {
    this.#model = model;
    this.#host = host;
    this.#residence = residence;
  }

  /** Opens the programs of these plans and keeps them until the next call. */
  prepare(plans: readonly Plan[]): Promise<void> {
    this.#prepared = plans;
    return this.#settle([]);
  }

  /** Opens the programs of a plan for a generation, and keeps them until its `release`. */
  hold(plan: Plan): Promise<void> {
    return this.#settle([plan]);
  }

  /** The sessions of a plan that nobody follows stay open for the next generation, until one needs others. */
  release(plan: Plan): void {
    const at = this.#running.indexOf(plan);
    if (at >= 0) this.#running = this.#running.toSpliced(at, 1);
  }

  session(program: StepProgram): OpenSession {
    return this.#open.find(({ serves }) => serves.includes(program.key))!;
  }

  async dispose(): Promise<void> {
    this.#running = [];
    await this.prepare([]);
  }

  /** One change of the open sessions at a time. */
  #settle(wanted: readonly Plan[]): Promise<void> {
    const settled = this.#busy.then(() => this.#change(wanted));
    this.#busy = settled.catch(() => undefined);
    return settled;
  }

  /** Makes the open sessions those of the prepared plans, of the running ones, and of `wanted`, which then runs. */
  async #change(wanted: readonly Plan[]): Promise<void> {
    // Sessions under a running generation stay; all others must be just what is needed.
    const running = new Set(programsOf(...this.#running).map(({ key }) => key));
    const pinned = this.#open.filter(({ serves }) => serves.some((key) => running.has(key)));
    const served = new Set(pinned.flatMap(({ serves }) => serves));
    const missing = programsOf(...this.#prepared, ...wanted).filter(({ key }) => !served.has(key));
    const needed = sharedPrograms(missing);
    const isNeeded = (open: OpenSession) => pinned.includes(open) || needed.some(({ serves }) => sameKeys(serves, open.serves));
    const [kept, superfluous] = [this.#open.filter(isNeeded), this.#open.filter((open) => !isNeeded(open))];
    this.#open = kept;
    for (const { session } of superfluous) await session.release(); // before others are opened, so that both are never held at once
    for (const { program, serves } of needed) {
      if (kept.some((open) => sameKeys(open.serves, serves))) continue;
      const session = await this.#host.open(this.#model.stepGraph(program), this.#residence);
      this.#open = [...this.#open, { session, program, serves }];
    }
    this.#running = [...this.#running, ...wanted];
  }
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key) => b.includes(key));
}
