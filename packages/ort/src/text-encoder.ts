import type { OnnxGraph, TextModel } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { OrtHost, OrtSession } from './host.ts';
import { Lifetime } from './lifetime.ts';

/** The tokens of a text. */
export interface TokenIds {
  /** Of all tokens, the padding included. */
  readonly ids: ArrayLike<number>;
  /** How many of them are not padding, from the first. */
  readonly tokens: number;
}

/** A text model on ONNX Runtime. */
export interface OrtTextModel {
  /** What the model makes of some texts of the same number of tokens, [tokens, width] each. */
  encode(texts: readonly TokenIds[]): Promise<readonly Float32Array[]>;
  dispose(): Promise<void>;
}

/** Most weights that are kept between calls: a small model's stay open. */
const KEPT_BYTES = 64 * 2 ** 20;
/** Texts that go through a block at once. */
const MOST_TEXTS = 8;
/** What is added to attention to padding: in 32-bit floats nothing is left of its share. */
const UNSEEN = -1e9;

/**
 * Runs a text model block by block. Of a large one, the weights of each block are opened, run for all texts, and let go
 * of before the next: those of T5-XXL take 19 GB as 32-bit floats, and one of its 24 blocks 0.8.
 */
export function ortTextModel(model: TextModel, host: OrtHost): OrtTextModel {
  const graphs = [...model.blockGraphs(), model.endGraph()];
  const keeps = graphs.reduce((sum, { weightBytes }) => sum + weightBytes, 0) <= KEPT_BYTES;
  const kept = new Map<OnnxGraph, Promise<OrtSession>>();
  const lifetime = new Lifetime('text encoder');
  const sessionOf = (graph: OnnxGraph): Promise<OrtSession> => {
    if (!keeps) return host.open(graph, 'mapped');
    const session = kept.get(graph) ?? host.open(graph, 'packed');
    kept.set(graph, session);
    session.catch(() => kept.delete(graph)); // to be tried again
    return session;
  };
  const encode = async (texts: readonly TokenIds[]): Promise<readonly Float32Array[]> => {
    const length = texts[0]?.ids.length ?? 0;
    const batches = await batchesOf(texts, length, { model, host });
    for (const graph of graphs) {
      lifetime.check();
      const session = await sessionOf(graph);
      try {
        for (const batch of batches) await step(batch, graph, session, host);
      } finally {
        if (!keeps) await session.release();
      }
    }
    const size = length * model.width;
    return batches.flatMap(({ hidden, count }) =>
      Array.from({ length: count }, (_, i) => hidden.slice(i * size, (i + 1) * size)),
    );
  };
  return {
    encode: (texts) => lifetime.during(() => encode(texts)),
    async dispose() {
      await lifetime.end();
      const sessions = [...kept.values()];
      kept.clear();
      for (const session of sessions) await (await session).release();
    },
  };
}

/** Some texts on their way through the blocks. */
interface Batch {
  readonly count: number;
  /** [texts, tokens, width] */
  hidden: Float32Array;
  readonly shape: readonly [texts: number, tokens: number, width: number];
  /** What all blocks take besides. */
  readonly feeds: Readonly<Record<string, Tensor>>;
}

async function batchesOf(
  texts: readonly TokenIds[],
  length: number,
  { model, host }: { readonly model: TextModel; readonly host: OrtHost },
): Promise<readonly Batch[]> {
  const positions = new host.Tensor('float32', model.positions(length), [1, model.heads, length, length]);
  const batches: Batch[] = [];
  for (let first = 0; first < texts.length; first += MOST_TEXTS) {
    const some = texts.slice(first, first + MOST_TEXTS);
    const padding = new Float32Array(some.length * length);
    some.forEach(({ tokens }, i) => padding.fill(UNSEEN, i * length + tokens, (i + 1) * length));
    batches.push({
      count: some.length,
      hidden: await model.embed(some.flatMap(({ ids }) => Array.from(ids))),
      shape: [some.length, length, model.width],
      feeds: { positions, padding: new host.Tensor('float32', padding, [some.length, 1, 1, length]) },
    });
  }
  return batches;
}

async function step(batch: Batch, graph: OnnxGraph, session: OrtSession, host: OrtHost): Promise<void> {
  const taken = new Set(graph.inputs.map(({ name }) => name));
  const feeds = { ...batch.feeds, hidden: new host.Tensor('float32', batch.hidden, batch.shape) };
  const own = Object.fromEntries(Object.entries(feeds).filter(([name]) => taken.has(name)));
  const { output } = await session.run(own, ['output']);
  batch.hidden = Float32Array.from((await output!.getData()) as Float32Array);
  host.free(output!);
}
