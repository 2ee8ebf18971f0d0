import type { InputArray, OnnxGraph, TransformerModel } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { OrtHost, OrtSession } from './host.ts';
import { inputTensors } from './tensors-of.ts';

/** How much memory is taken before the first step, in bytes. */
export interface PreludeLimits {
  /** Most weights that are kept between generations; by default 64 MiB, more than a small model has. */
  readonly keptBytes?: number | undefined;
  /** Weights from which on the model writes another graph, 192 MiB by default: see `modulationGraphs`. */
  readonly partBytes?: number | undefined;
  /** Most modulations in one batch, 128 MiB by default; a generation that takes more computes them in several. */
  readonly batchBytes?: number | undefined;
}

const KEPT_BYTES = 64 * 2 ** 20;
const BATCH_BYTES = 128 * 2 ** 20;

/**
 * The graphs that are run before the first step, one after another: of modulations, and of what the model makes of
 * texts.
 *
 * A small model's stay open. A large one's, a third of its weights, are opened for one run each,
 * straight from the file, and let go of at once.
 */
export class Prelude {
  readonly #model: TransformerModel;
  readonly #host: OrtHost;
  readonly #limits: PreludeLimits;
  readonly #kept = new Map<OnnxGraph, Promise<OrtSession>>();
  #graphs: { readonly modulations: readonly OnnxGraph[]; readonly contexts: readonly OnnxGraph[] } | undefined;

  constructor(model: TransformerModel, host: OrtHost, limits: PreludeLimits = {}) {
    this.#model = model;
    this.#host = host;
    this.#limits = limits;
  }

  /** See `PreludeLimits`. */
  get batchBytes(): number {
    return this.#limits.batchBytes ?? BATCH_BYTES;
  }

  get graphs(): { readonly modulations: readonly OnnxGraph[]; readonly contexts: readonly OnnxGraph[] } {
    const { partBytes } = this.#limits;
    this.#graphs ??= {
      modulations: this.#model.modulationGraphs(partBytes),
      contexts: this.#model.contextGraphs(partBytes),
    };
    return this.#graphs;
  }

  /** What one of the graphs makes of its inputs, by name. The caller disposes of it. */
  async run(graph: OnnxGraph, inputs: Readonly<Record<string, InputArray>>): Promise<Readonly<Record<string, Tensor>>> {
    const keeps = this.#weightBytes <= (this.#limits.keptBytes ?? KEPT_BYTES);
    const session = await (keeps ? this.#keptSession(graph) : this.#host.open(graph, 'mapped'));
    try {
      const outputs = graph.outputs.map(({ name }) => name);
      return await session.run(inputTensors(this.#host, inputs), outputs);
    } finally {
      if (!keeps) await session.release();
    }
  }

  async dispose(): Promise<void> {
    const sessions = [...this.#kept.values()];
    this.#kept.clear();
    for (const session of sessions) await (await session).release();
  }

  get #weightBytes(): number {
    const { modulations, contexts } = this.graphs;
    return [...modulations, ...contexts].reduce((sum, { weightBytes }) => sum + weightBytes, 0);
  }

  #keptSession(graph: OnnxGraph): Promise<OrtSession> {
    const session = this.#kept.get(graph) ?? this.#host.open(graph, 'packed');
    this.#kept.set(graph, session);
    session.catch(() => this.#kept.delete(graph)); // to be tried again
    return session;
  }
}
