import { ProCacheError } from '@procache/core';
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import { type ConfigJson, ditFlavour } from './families/dit/config.ts';
import { openDit } from './families/dit/dit.ts';
import type { TransformerModel } from './model.ts';

/**
 * Opens the diffusion transformer that a checkpoint holds. Family, flavour and extents come from
 * the names and shapes of the tensors; `config` (a config.json) adds what those do not tell.
 */
export async function openModel(checkpoint: Checkpoint, config: ConfigJson = {}): Promise<TransformerModel> {
  if (ditFlavour(checkpoint)) return openDit(checkpoint, config);
  const names = [...checkpoint.tensors.keys()];
  const foreign = KNOWN_FOREIGN.find(({ tensor }) => names.some((name) => tensor.test(name)));
  const some = names.slice(0, 3).join(', ');
  throw new ProCacheError(
    'invalid-model',
    foreign
      ? `these are the weights of ${foreign.what}, which is not supported; supported are DiT checkpoints, original or diffusers`
      : `${names.length === 1 ? 'the one tensor is' : `the ${names.length} tensors are`} not of a supported model (${some}${names.length > 3 ? ', ...' : ''}); supported are DiT checkpoints, original or diffusers`,
  );
}

/** Files that people are likely to hand over, by a tensor that gives them away. */
const KNOWN_FOREIGN: readonly { readonly tensor: RegExp; readonly what: string }[] = [
  { tensor: /^(t_block\.1|adaln_single\.linear)\.weight$/, what: 'a PixArt transformer' },
  { tensor: /^double_blocks\.0\./, what: 'a FLUX transformer' },
  { tensor: /^(decoder\.mid_block|first_stage_model|decoder\.mid)\./, what: 'an autoencoder' },
  { tensor: /^(down_blocks|model\.diffusion_model\.input_blocks)\./, what: 'a U-Net' },
  { tensor: /^(encoder\.block\.0|text_model\.encoder)\./, what: 'a text encoder' },
];
