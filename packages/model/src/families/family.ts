import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { ConfigReading } from '../config/model-config.ts';
import type { TransformerModel } from '../model.ts';

/** How large latents are, in their own cells: pixels, in models of pixels. */
export interface LatentSize {
  readonly height: number;
  readonly width: number;
}

/** A kind of diffusion transformer that can be run. */
export interface ModelFamily {
  /** Its word in a config, and in what a model says of itself: `dit`. */
  readonly id: string;
  /** What it is called in messages: `DiT`. */
  readonly name: string;
  /**
   * Whether the model is one of the family, as far as the names of a few tensors tell, and where they do not, what the
   * config says.
   */
  recognises(checkpoint: Checkpoint, config: ConfigReading): boolean;
  /**
   * Finds the tensors and reads the config. A family that can draw latents of other sizes than the model's own
   * follows the one that is asked for; one that cannot may leave it aside, and it is refused.
   *
   * @throws {ProCacheError} `invalid-model` where tensors are missing or left over, or where the config says something
   * that cannot be followed.
   */
  open(checkpoint: Checkpoint, config: ConfigReading, size?: LatentSize): Promise<TransformerModel>;
}
