import type { Condition, TextEmbedding } from '@procache/core';
import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import type { ModuleCall } from './emitter.ts';
import type { GraphModel } from './graph-model.ts';
import { contextOf, IMAGES, inLane, PADDING, TEXT_OF_IMAGE, TEXTS } from './names.ts';

/** What a module may ask for about the texts. */
export type TextInputs = Pick<ModuleCall, 'context' | 'padding'>;

/**
 * The contexts of a step graph, [texts, ...shape]: inputs that are made when first asked for, and that all lanes share,
 * since those of a run that is idle are those of the same generation.
 */
export class Contexts {
  readonly #g: GraphBuilder;
  readonly #text: GraphModel['text'];
  readonly #inputs = new Map<string, Value>();

  constructor(g: GraphBuilder, text: GraphModel['text']) {
    this.#g = g;
    this.#text = text;
  }

  /** What the modules of a lane see of the texts: each image its own. */
  ofLane(lane: number): TextInputs {
    const g = this.#g;
    const known = new Map<string, Value>();
    const once = (name: string, make: () => Value): Value => {
      const value = known.get(name) ?? make();
      known.set(name, value);
      return value;
    };
    const [images, text] = [inLane(lane, IMAGES), inLane(lane, TEXT_OF_IMAGE)];
    return {
      context: (name) =>
        once(contextOf(name), () => {
          const context = this.#input(name);
          const which = once(text, () => g.input(text, 'int64', [images]));
          return g.op('Gather', [context, which], { axis: 0 });
        }),
      padding: () =>
        once(PADDING, () => g.input(inLane(lane, PADDING), 'float32', [images, 1, 1, this.#shape(PADDING).tokens])),
    };
  }

  #input(name: string): Value {
    const context = this.#shape(name).contexts.find((each) => each.name === name);
    if (!context) throw new Error(`the model has no context ${name}`);
    const value = this.#inputs.get(name) ?? this.#g.input(contextOf(name), 'float32', [TEXTS, ...context.shape]);
    this.#inputs.set(name, value);
    return value;
  }

  #shape(asked: string): NonNullable<GraphModel['text']> {
    if (!this.#text) throw new Error(`a module asks for ${asked}, and the model takes no texts`);
    return this.#text;
  }
}

/** The texts of a batch, each of them once: those of the same numbers are one, however many of their tokens count. */
export function distinctTexts(images: readonly Condition[]): readonly TextEmbedding[] {
  const texts = images.filter((condition) => typeof condition !== 'number');
  return [...new Map(texts.map((text) => [text.values, text])).values()];
}

/**
 * What is added to attention to a padding token. In 32-bit floats nothing is left of its share, so that it is as if it
 * were not there; and where a text has no other token, all share alike, as in diffusers.
 */
const UNSEEN = -10_000;

/** The inputs of a step graph that say which of some texts each image draws from, and how much of it is padding. */
export function textOfImages(
  images: readonly TextEmbedding[],
  texts: readonly TextEmbedding[],
  tokens: number,
): { readonly which: BigInt64Array; readonly padding: Float32Array } {
  const places = new Map(texts.map(({ values }, place) => [values, place]));
  const padding = new Float32Array(images.length * tokens);
  images.forEach((text, image) => padding.fill(UNSEEN, image * tokens + text.tokens, (image + 1) * tokens));
  return { which: BigInt64Array.from(images, ({ values }) => BigInt(places.get(values)!)), padding };
}
