import { type Plan, programsOf, type StepProgram } from '@procache/core';
import type { OnnxGraph, TransformerModel } from '@procache/model';
import type { InferenceSession } from 'onnxruntime-common';
import type { OrtHost, Residence } from './host.ts';
import { mergePrograms, skeletonOf } from './merge-programs.ts';

/** A graph that serves one or several step programs. */
export interface CompiledProgram {
  readonly graph: OnnxGraph;
  /** The keys of the programs that it serves. */
  readonly serves: readonly string[];
}

/**
 * The graphs for the programs of some plans, each program served by one.
 *
 * Programs that differ only in what they give share a graph, and so their weights: an output that
 * a run does not ask for costs nothing that can be measured (docs/performance.md).
 */
export function graphsFor(model: TransformerModel, plans: readonly Plan[]): readonly CompiledProgram[] {
  const programs = programsOf(...plans);
  const scores = new Set(programs.flatMap(({ score }) => score ?? []));
  const groups = new Map<string, StepProgram[]>();
  for (const program of programs) {
    // A graph gives one kind of score; plans with different ones share no graph.
    const group = skeletonOf(program) + (scores.size > 1 ? (program.score ?? '') : '');
    groups.set(group, [...(groups.get(group) ?? []), program]);
  }
  return [...groups.values()].map((group) => ({
    graph: model.stepGraph(mergePrograms(group)),
    serves: group.map(({ key }) => key),
  }));
}

/** The open sessions of a model. Opens what plans need, and closes what no plan needs any longer. */
export class ProgramStore {
  readonly #model: TransformerModel;
  readonly #host: OrtHost;
  readonly #residence: Residence;
  readonly #sessions = new Map<string, InferenceSession>();
  readonly #served = new Map<string, string>();
  /** How many generations hold each plan, and which plans are kept in between. */
  readonly #held = new Map<Plan, number>();
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
    return this.#settle();
  }

  /** Opens the programs of a plan, and keeps them until `release`. */
  hold(plan: Plan): Promise<void> {
    this.#held.set(plan, (this.#held.get(plan) ?? 0) + 1);
    return this.#settle();
  }

  /** The sessions of a plan that nobody holds stay open for the next generation, until one needs others. */
  release(plan: Plan): void {
    const holders = (this.#held.get(plan) ?? 1) - 1;
    if (holders > 0) this.#held.set(plan, holders);
    else this.#held.delete(plan);
  }

  session(program: StepProgram): InferenceSession {
    return this.#sessions.get(this.#served.get(program.key) ?? '')!;
  }

  async dispose(): Promise<void> {
    this.#prepared = [];
    this.#held.clear();
    await this.#settle();
  }

  /** One change of the open sessions at a time. */
  #settle(): Promise<void> {
    const settled = this.#busy.then(() => this.#openAndClose());
    this.#busy = settled.catch(() => undefined);
    return settled;
  }

  async #openAndClose(): Promise<void> {
    const compiled = graphsFor(this.#model, [...new Set([...this.#prepared, ...this.#held.keys()])]);
    const wanted = new Map(compiled.map((program) => [JSON.stringify(program.serves), program]));
    for (const [id, session] of this.#sessions) {
      if (wanted.has(id)) continue;
      this.#sessions.delete(id); // closed before others are opened, so that both are never held at once
      await session.release();
    }
    for (const [id, { graph, serves }] of wanted) {
      if (!this.#sessions.has(id)) this.#sessions.set(id, await this.#host.open(graph, this.#residence));
      for (const key of serves) this.#served.set(key, id);
    }
  }
}
