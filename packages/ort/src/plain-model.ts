import { type Condition, gaussian, type TextEmbedding } from '@procache/core';
import { distinctTexts, type InputArray, PADDING, textOfImages, type TransformerModel } from '@procache/model';
import type { OrtHost } from './host.ts';
import { inputTensors } from './tensors-of.ts';

/** The plain model in one graph, ready to be evaluated again and again: what the uncached path is measured against. */
export interface PlainModel {
  /** One evaluation of the whole batch, always of the same noise. */
  evaluate(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the plain forward pass, as an exporter would have written it, for a batch of conditions at a timestep, and
 * evaluates it once. It holds all weights a second time, those of the conditioning included.
 */
export async function openPlainModel(
  host: OrtHost,
  model: TransformerModel,
  { conditions, timestep }: { readonly conditions: readonly Condition[]; readonly timestep: number },
): Promise<PlainModel> {
  const graph = model.plainGraph();
  const outputs = graph.outputs.map(({ name }) => name);
  const session = await host.open(graph, 'packed');
  const { channels, height, width } = model.latent;
  const shape = [conditions.length, channels, height, width];
  const { inputs } = model.modulationRows([timestep], conditions);
  const feeds = {
    latent: new host.Tensor('float32', gaussian(0, conditions.length * channels * height * width), shape),
    ...inputTensors(host, { ...inputs, ...textsOf(model, conditions) }),
  };
  const evaluate = async (): Promise<void> => {
    for (const output of Object.values(await session.run(feeds, outputs))) host.free(output);
  };
  await evaluate();
  return { evaluate, close: () => session.release() };
}

/** What the graph takes of the texts, each image's own; of classes nothing more. */
function textsOf(model: TransformerModel, conditions: readonly Condition[]): Readonly<Record<string, InputArray>> {
  if (model.takes.kind !== 'texts') return {};
  model.checkConditions(conditions);
  const { tokens } = model.takes;
  const images = conditions as readonly TextEmbedding[];
  const { padding } = textOfImages(images, distinctTexts(images), tokens);
  return {
    ...model.contextInputs(images),
    [PADDING]: { type: 'float32', data: padding, shape: [images.length, 1, 1, tokens] },
  };
}
