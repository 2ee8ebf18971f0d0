import { type Plan, programsOf, type StepProgram } from '@procache/core';
import { inLane, type TransformerModel } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { OrtHost, OrtSession, Residence } from './host.ts';
import { idleInputs } from './idle-inputs.ts';
import { type GraphLane, type SharedGraph, sharedGraphs } from './shared-graphs.ts';

/** A session, and what its graph serves. */
interface OpenSession {
  readonly graph: SharedGraph;
  readonly session: OrtSession;
  /** The names of the graph's inputs. */
  readonly inputs: ReadonlySet<string>;
  /** What every lane of several is given while it has nothing to do. */
  readonly idle: readonly Readonly<Record<string, Tensor>>[];
}

/** What runs a program: a lane of a session. */
export interface ProgramRunner {
  /** The program that the lane was written for, which may give more than the one asked for. */
  readonly program: StepProgram;
  /** Whether a run is to be given an input, under the name that it has in a graph of the program alone. */
  takes(input: string): boolean;
  /** Inputs and outputs under the names that they have in a graph of the program alone. */
  run(feeds: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Promise<Readonly<Record<string, Tensor>>>;
}

export interface ProgramStoreOptions {
  readonly residence: Residence;
  /** Bytes of weights from which on two programs share a graph for them: see `sharedGraphs`. */
  readonly joinsFrom?: number | undefined;
}

/** The open sessions of a model. Opens what plans need, and closes what no plan needs any longer. */
export class ProgramStore {
  readonly #model: TransformerModel;
  readonly #host: OrtHost;
  readonly #options: ProgramStoreOptions;
  #open: readonly OpenSession[] = [];
  /** The plans that generations are following, once for each of them. */
  #running: readonly Plan[] = [];
  /** The plans that are kept between generations. */
  #prepared: readonly Plan[] = [];
  #busy: Promise<unknown> = Promise.resolve();

  constructor(model: TransformerModel, host: OrtHost, options: ProgramStoreOptions) {
    this.#model = model;
    this.#host = host;
    this.#options = options;
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

  /** The runner of a program of a plan that is held. */
  runner(program: StepProgram): ProgramRunner {
    const open = this.#open.find(({ graph }) => keysOf(graph).includes(program.key))!;
    const lane = open.graph.lanes.findIndex(({ serves }) => serves.includes(program.key));
    return laneRunner(open, lane);
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
    const pinned = this.#open.filter(({ graph }) => keysOf(graph).some((key) => running.has(key)));
    const served = new Set(pinned.flatMap(({ graph }) => keysOf(graph)));
    const missing = programsOf(...this.#prepared, ...wanted).filter(({ key }) => !served.has(key));
    const needed = sharedGraphs(missing, this.#model, this.#options.joinsFrom);
    const isNeeded = (open: OpenSession) =>
      pinned.includes(open) || needed.some((graph) => servesTheSame(graph, open.graph));
    const [kept, superfluous] = [this.#open.filter(isNeeded), this.#open.filter((open) => !isNeeded(open))];
    this.#open = kept;
    // before others are opened, so that both are never held at once
    for (const { session } of superfluous) await session.release();
    for (const graph of needed) {
      if (kept.some((open) => servesTheSame(open.graph, graph))) continue;
      const written = this.#model.stepGraph(graph.lanes.map(({ program }) => program));
      const session = await this.#host.open(written, this.#options.residence);
      const idle = graph.lanes.length > 1 ? graph.lanes.map((_, lane) => idleInputs(this.#host, written, lane)) : [];
      const inputs = new Set(written.inputs.map(({ name }) => name));
      this.#open = [...this.#open, { graph, session, inputs, idle }];
    }
    this.#running = [...this.#running, ...wanted];
  }
}

function laneRunner({ graph, session, inputs, idle }: OpenSession, lane: number): ProgramRunner {
  const others = Object.assign({}, ...idle.filter((_, i) => i !== lane)) as Record<string, Tensor>;
  return {
    program: graph.lanes[lane]!.program,
    takes: (input) => inputs.has(inLane(lane, input)),
    async run(feeds, outputs) {
      const own = Object.entries(feeds).map(([name, tensor]) => [inLane(lane, name), tensor] as const);
      const results = await session.run(
        { ...others, ...Object.fromEntries(own) },
        outputs.map((name) => inLane(lane, name)),
      );
      return Object.fromEntries(outputs.map((name) => [name, results[inLane(lane, name)]!]));
    },
  };
}

function keysOf({ lanes }: { readonly lanes: readonly GraphLane[] }): readonly string[] {
  return lanes.flatMap(({ serves }) => serves);
}

function servesTheSame(a: SharedGraph, b: SharedGraph): boolean {
  const [one, other] = [keysOf(a), keysOf(b)];
  return one.length === other.length && one.every((key) => other.includes(key));
}
