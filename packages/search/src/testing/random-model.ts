import type { Transformer } from '@procache/core';
import { type ReferenceTensor, referenceTransformer } from '@procache/core/reference';

/** A transformer of plain arrays whose shape and weights are drawn: one to three blocks, with or without attention. */
export function randomModel(random: () => number): Transformer<ReferenceTensor> {
  const below = (count: number): number => Math.floor(random() * count);
  const modules = random() < 0.5 ? ['mlp'] : ['attn', 'mlp'];
  const blocks = Array.from({ length: 1 + below(3) }, () => modules);
  const channels = 1 + below(2);
  return referenceTransformer({
    topology: { blocks, grid: [1 + below(2), 1 + below(2)] },
    width: 2 + below(4),
    channels,
    outChannels: random() < 0.3 ? 2 * channels : channels,
    seed: below(2 ** 31),
  });
}

/**
 * The same model with outputs so many times as large: at 1e-12 its features move by less than float32 can tell, at 0
 * not at all.
 */
export function scaled<T>(transformer: Transformer<T>, factor: number): Transformer<T> {
  return {
    ...transformer,
    topology: transformer.topology,
    latent: transformer.latent,
    prepare: (plans) => transformer.prepare(plans),
    dispose: () => transformer.dispose(),
    async condition(conditions, plan) {
      const inner = await transformer.condition(conditions, plan);
      return {
        read: (feature) => inner.read(feature),
        release: (feature) => inner.release(feature),
        dispose: () => inner.dispose(),
        async execute(call) {
          const result = await inner.execute(call);
          return { ...result, output: result.output.map((value) => factor * value) };
        },
      };
    },
  };
}
