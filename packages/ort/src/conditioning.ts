import type { OnnxGraph, TransformerModel } from '@procache/model';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { OrtHost } from './host.ts';

/** Most bytes of conditioning weights that are kept in memory between generations. */
const KEPT_BYTES = 64 * 2 ** 20;

/**
 * The conditioning graphs of a model, run one after another.
 *
 * A small model's stay open. A large one's, a third of its weights, are opened for one run each,
 * straight from the file, and let go of at once.
 */
export class Conditioning {
  readonly #model: TransformerModel;
  readonly #host: OrtHost;
  readonly #kept = new Map<OnnxGraph, Promise<InferenceSession>>();
  #graphs: readonly OnnxGraph[] | undefined;

  constructor(model: TransformerModel, host: OrtHost) {
    this.#model = model;
    this.#host = host;
  }

  get graphs(): readonly OnnxGraph[] {
    this.#graphs ??= this.#model.conditioningGraphs();
    return this.#graphs;
  }

  /** The modulation that one of the graphs makes of its rows, [rows, numbers]. The caller disposes of it. */
  async run(graph: OnnxGraph, feeds: Readonly<Record<string, Tensor>>): Promise<Tensor> {
    const keeps = this.graphs.reduce((sum, { weightBytes }) => sum + weightBytes, 0) <= KEPT_BYTES;
    const session = await (keeps ? this.#keptSession(graph) : this.#host.open(graph, 'mapped'));
    try {
      const { modulation } = await session.run(feeds);
      return modulation!;
    } finally {
      if (!keeps) await session.release();
    }
  }

  async dispose(): Promise<void> {
    const sessions = [...this.#kept.values()];
    this.#kept.clear();
    for (const session of sessions) await (await session).release();
  }

  #keptSession(graph: OnnxGraph): Promise<InferenceSession> {
    const session = this.#kept.get(graph) ?? this.#host.open(graph, 'packed');
    this.#kept.set(graph, session);
    session.catch(() => this.#kept.delete(graph)); // to be tried again
    return session;
  }
}
