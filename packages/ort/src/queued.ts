import type { OrtHost } from './host.ts';

/**
 * The same host, all of whose sessions take turns: one is opened, run or released at a time, in the order in which that
 * was asked for.
 *
 * ONNX Runtime Web needs it, which fails where two runs overlap, of two sessions too. Make one host for a page, and all
 * transformers from that. In Node runs follow one another anyway.
 */
export function queued(host: OrtHost): OrtHost {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <R>(act: () => Promise<R>): Promise<R> => {
    const turn = last.then(act);
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    get Tensor() {
      return host.Tensor;
    },
    ...(host.emptyTensors !== undefined && { emptyTensors: host.emptyTensors }),
    async open(graph, residence) {
      const session = await inTurn(() => host.open(graph, residence));
      return {
        run: (feeds, outputs) => inTurn(() => session.run(feeds, outputs)),
        release: () => inTurn(() => session.release()),
      };
    },
    free: (tensor) => host.free(tensor),
  };
}
