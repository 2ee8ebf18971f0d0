import type { OnnxGraph } from '../onnx/graph-builder.ts';
import type { TileShape } from './tiles.ts';

/** What makes images of latents, as data: what it makes of which latents, and the graph that computes it. */
export interface DecoderModel {
  /** `autoencoder-kl`, or `autoencoder-tiny`: a small one that comes close (TAESD). */
  readonly kind: 'autoencoder-kl' | 'autoencoder-tiny';
  /** Whose names its tensors have. */
  readonly flavour: 'diffusers' | 'original';
  readonly latentChannels: number;
  /** Of its images: 3 where they are coloured. */
  readonly channels: number;
  /** Pixels along a cell of the latents: mostly 8. */
  readonly pixels: number;
  /** The values of black and of white. */
  readonly valueRange: readonly [black: number, white: number];
  /** What diffusion latents were multiplied by. */
  readonly scale: number;
  /** Numbers in all tensors that it uses. */
  readonly parameters: number;
  /** Fields of its config that are not known: they are not followed. */
  readonly unreadFields: readonly string[];
  /** How its makers cut latents into tiles. */
  readonly tiles: TileShape;
  /**
   * Diffusion latents of any size, `latent` [1, latentChannels, height, width] -> `image`
   * [1, channels, height * pixels, width * pixels], neither clamped nor rounded.
   */
  graph(): OnnxGraph;
}
