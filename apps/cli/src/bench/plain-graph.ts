import { type Condition, type DiffusionSteps, gaussian } from '@procache/core';
import { nodeHost, type TransformerOptions } from '@procache/backend-node';
import type { TransformerModel } from '@procache/model';

/** The plain model in one graph, ready to be evaluated again and again. */
export interface PlainGraph {
  /** Milliseconds of one evaluation at the batch size that it was opened for. */
  time(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Opens the plain forward pass, as an exporter would have written it: what the uncached path is measured against.
 *
 * It holds all weights a second time, adaLN's included.
 */
export async function openPlainGraph(
  model: TransformerModel,
  {
    conditions,
    steps,
    threads,
  }: {
    readonly conditions: readonly Condition[];
    readonly steps: DiffusionSteps;
    readonly threads: TransformerOptions['threads'];
  },
): Promise<PlainGraph> {
  const host = nodeHost({ threads });
  const session = await host.open(model.plainGraph(), 'packed');
  const { channels, height, width } = model.latent;
  const images = conditions.length;
  const { inputs } = model.conditioningRows([steps.timesteps[0]!], conditions);
  const conditioning = Object.entries(inputs).map(
    ([name, { type, data, shape }]) => [name, new host.Tensor(type, data, shape)] as const,
  );
  const feeds = {
    latent: new host.Tensor('float32', gaussian(0, images * channels * height * width), [
      images,
      channels,
      height,
      width,
    ]),
    ...Object.fromEntries(conditioning),
  };
  const time = async (): Promise<number> => {
    const start = performance.now();
    await session.run(feeds);
    return performance.now() - start;
  };
  await time();
  return { time, close: () => session.release() };
}
