import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { ConfigReading } from '../config/model-config.ts';
import type { TransformerModel } from '../model.ts';

/** A kind of diffusion transformer that can be run. */
export interface ModelFamily {
  /** What it is called in messages: `DiT`. */
  readonly name: string;
  /** Whether the tensors' names are those of the family, as far as a few of them tell. */
  recognises(checkpoint: Checkpoint): boolean;
  /**
   * Finds the tensors and reads the config.
   *
   * @throws {ProCacheError} `invalid-model` where tensors are missing or left over, or where the config says something
   * that cannot be followed.
   */
  open(checkpoint: Checkpoint, config: ConfigReading): Promise<TransformerModel>;
}
