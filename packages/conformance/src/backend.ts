import type { Transformer } from '@procache/core';
import type { ConfigJson, LatentSize, TransformerModel } from '@procache/model';

/** A transformer that a backend has opened; the suite does not look into its tensors. */
export type Opened = Transformer<unknown> & { readonly model: TransformerModel };

/** What the suite needs of a backend. */
export interface Backend {
  /** Opens the model in a checkpoint file or a model folder, for latents of the size that is asked for. */
  readonly open: (path: string, config?: ConfigJson, latentSize?: LatentSize) => Promise<Opened>;
}
