import type { Condition, TextEmbedding } from '@procache/core';
import { distinctTexts, isContext, PADDING, TEXT_OF_IMAGE, textOfImages, type TransformerModel } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { OrtHost } from './host.ts';
import type { Prelude } from './prelude.ts';

/**
 * What the model has made of the texts of one generation, each text once, and which of them each image draws from.
 * A model that takes no texts has none.
 */
export class TextContexts {
  readonly #host: OrtHost;
  /** By the name of the input. */
  readonly #tensors = new Map<string, Tensor>();

  private constructor(host: OrtHost) {
    this.#host = host;
  }

  /** Runs the graphs that make them. Conditions have been checked. */
  static async of(
    { model, host, prelude }: { readonly model: TransformerModel; readonly host: OrtHost; readonly prelude: Prelude },
    conditions: readonly Condition[],
  ): Promise<TextContexts> {
    const own = new TextContexts(host);
    if (model.takes.kind !== 'texts') return own;
    const images = conditions as readonly TextEmbedding[];
    const texts = distinctTexts(images);
    const inputs = model.contextInputs(texts);
    try {
      for (const graph of prelude.graphs.contexts)
        for (const [name, tensor] of Object.entries(await prelude.run(graph, inputs))) own.#tensors.set(name, tensor);
    } catch (cause) {
      own.dispose();
      throw cause;
    }
    const { which, padding } = textOfImages(images, texts, model.takes.tokens);
    own.#tensors.set(TEXT_OF_IMAGE, new host.Tensor('int64', which, [images.length]));
    own.#tensors.set(PADDING, new host.Tensor('float32', padding, [images.length, 1, 1, model.takes.tokens]));
    return own;
  }

  /** The inputs of a step, of those that its graph takes. */
  feeds(takes: (input: string) => boolean): Readonly<Record<string, Tensor>> {
    return Object.fromEntries([...this.#tensors].filter(([name]) => takes(name)));
  }

  /** Gives back what sessions have handed out. */
  dispose(): void {
    for (const [name, tensor] of this.#tensors) if (isContext(name)) this.#host.free(tensor);
    this.#tensors.clear();
  }
}
