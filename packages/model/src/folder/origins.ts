import type { TransformerModel } from '../model.ts';
import type { PartName } from './parts-at.ts';

/** What of a model says which parts it was trained with. */
export type PartedModel = Pick<TransformerModel, 'family' | 'takes' | 'latent' | 'valueRange'>;

/** Where a part is to be had, and where to put it. */
export interface Origin {
  /** The repository of its makers on Hugging Face, `stabilityai/sd-vae-ft-ema`; none where it ships with the model. */
  readonly repository: string | undefined;
  /** What of the repository is to be taken, where it holds more. */
  readonly folder: string | undefined;
  /** Where to put it, in the folder of the pipeline or beside the checkpoint. */
  readonly into: string;
}

/** Stable Diffusion's autoencoder, which DiT, SiT and PixArt-alpha were trained with. */
const FIRST_AUTOENCODER = 'stabilityai/sd-vae-ft-ema';
/** The T5-XXL that PixArt-alpha was trained with, and its tokenizer. */
const T5 = 'DeepFloyd/t5-v1_1-xxl';
/** PixArt-Sigma's parts, all but the transformer: the autoencoder is that of SDXL. */
const SIGMA_PARTS = 'PixArt-alpha/pixart_sigma_sdxlvae_T5_diffusers';

/** Tokens of the captions of PixArt-Sigma, by which it is told from PixArt-alpha. */
const SIGMA_TOKENS = 300;
/** Numbers of a token of T5-XXL. */
const T5_WIDTH = 4096;

/** Where PixArt keeps its parts in folders, and this project looks for them. */
const PLACES: Readonly<Record<PartName, string>> = {
  decoder: 'vae',
  encoder: 'text_encoder',
  tokenizer: 'tokenizer',
  scheduler: 'scheduler',
};

/** Where a part of a model is to be had. */
export function originOf(part: PartName, model: PartedModel): Origin {
  const into = `${PLACES[part]}/`;
  if (part === 'scheduler') return { repository: undefined, folder: undefined, into };
  if (part === 'decoder') {
    if (model.latent.channels !== 4) return { repository: undefined, folder: undefined, into };
    return isSigma(model)
      ? { repository: SIGMA_PARTS, folder: 'vae', into }
      : { repository: FIRST_AUTOENCODER, folder: undefined, into };
  }
  const { takes } = model;
  if (takes.kind !== 'texts' || takes.width !== T5_WIDTH) return { repository: undefined, folder: undefined, into };
  return isSigma(model)
    ? { repository: SIGMA_PARTS, folder: PLACES[part], into }
    : { repository: T5, folder: undefined, into };
}

/** Whether a model is a PixArt-Sigma, whose captions are longer and whose autoencoder is another. */
export function isSigma({ family, takes }: PartedModel): boolean {
  return family === 'pixart' && takes.kind === 'texts' && takes.tokens === SIGMA_TOKENS;
}

/**
 * What latents are scaled by before a model sees them, as its autoencoder says it: those of Stable Diffusion by
 * 0.18215, those of SDXL by 0.13025. An autoencoder of the other kind makes pictures too, but wrong ones.
 */
export function scalingOf(model: PartedModel): number | undefined {
  if (model.latent.channels !== 4) return undefined;
  return isSigma(model) ? 0.13025 : 0.18215;
}
