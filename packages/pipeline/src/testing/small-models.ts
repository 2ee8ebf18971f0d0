import { type PromptEncoder, type TextEmbedding, type Topology } from '@procache/core';
import { type ReferenceTransformer, referenceTransformer } from '@procache/core/reference';
import type { Classes, SamplingDefaults, Texts } from '@procache/model';
import type { KnownModel, ModelFacts } from '../known-model.ts';

export const CLASSES: Classes = {
  kind: 'classes',
  count: 3,
  unconditional: 3,
  guessed: false,
  names: [['bag'], ['ankle boot', 'boot'], ['coat']],
};

export const SMALL_TEXTS: Texts = { kind: 'texts', tokens: 2, width: 3, unconditional: undefined };

export const DEFAULTS: SamplingDefaults = { trainTimesteps: 1000, rule: 'original', guidanceChannels: 1 };

const topology: Topology = {
  blocks: [
    ['attn', 'mlp'],
    ['attn', 'mlp'],
  ],
  grid: [2, 2],
};

/** A transformer over plain arrays that draws 2x2 pixels of one channel. */
export function smallTransformer(): ReferenceTransformer {
  return referenceTransformer({ topology, channels: 1, seed: 3 });
}

/** What is known of it, as far as a test does not say it. */
export function knownModel(facts: Partial<ModelFacts> = {}, rest: Partial<KnownModel> = {}): KnownModel {
  const { latent } = smallTransformer();
  return {
    name: 'small',
    model: { topology, latent, takes: CLASSES, defaults: DEFAULTS, valueRange: [-1, 1], ...facts },
    ...rest,
  };
}

/** An encoder that counts what it is asked. */
export function countingEncoder(): PromptEncoder & { readonly asked: readonly string[][] } {
  const known = new Map<string, TextEmbedding>();
  const asked: string[][] = [];
  const embed = (text: string): TextEmbedding => {
    const values = Float32Array.from({ length: 6 }, (_, i) => text.length + i / 10);
    return { values, tokens: 2, text };
  };
  return {
    asked,
    encode: (texts) => {
      asked.push([...texts]);
      for (const text of texts) if (!known.has(text)) known.set(text, embed(text));
      return Promise.resolve(texts.map((text) => known.get(text)!));
    },
    dispose: () => Promise.resolve(),
  };
}
