import { ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { ConfigReading } from '../../config/model-config.ts';
import type { TransformerModel } from '../../model.ts';
import { type DitKind, openWithBlocksOfDit } from '../dit/dit.ts';
import { ditFlavour } from '../dit/flavour.ts';
import type { ModelFamily } from '../family.ts';

/**
 * SiT (Ma et al., 2024): the blocks of a DiT, trained to predict the velocity of a straight path.
 *
 * No tensor tells one from a DiT. A model is a SiT where the config says so (`"family": "sit"`), or where its file has
 * a published name of SiT's and the config says neither another family nor that it predicts something else.
 */
export const SIT: ModelFamily = {
  id: 'sit',
  name: 'SiT',
  recognises: (checkpoint, config) =>
    ditFlavour(checkpoint) !== undefined &&
    (config.model.find('family')?.value ?? familyByName(checkpoint, config)) === 'sit',
  open: openSit,
};

/**
 * What SiT's own code does. The time, 0 to 1, goes into the embedding as it is; what training learned of a variance is
 * dropped. Its sampling script takes an adaptive solver (dopri5), whose evaluations are not known before step 0, as a
 * schedule has to know them: so it is Euler's method on the script's grid that is the default.
 */
const KIND: DitKind = {
  id: 'sit',
  name: 'SiT',
  dropsVariance: true,
  process: () => ({ path: 'sit', rule: 'uniform' }),
};

/** The published names of SiT's files. */
const PUBLISHED = /(^|[^A-Za-z])SiT[-_](S|B|L|XL)([^A-Za-z]|$)/;

function familyByName({ tensors }: Checkpoint, { process }: ConfigReading): 'sit' | undefined {
  const said = process.find('prediction_type', 'prediction')?.value ?? 'velocity';
  const isNamed = [...tensors.values()].some(({ source }) => PUBLISHED.test(source.name));
  return isNamed && said === 'velocity' ? 'sit' : undefined;
}

async function openSit(checkpoint: Checkpoint, config: ConfigReading): Promise<TransformerModel> {
  if (ditFlavour(checkpoint) !== 'original') {
    const [name] = checkpoint.tensors.keys();
    throw new ProCacheError(
      'invalid-model',
      `the tensors have the names of diffusers (${shownName(name!)}), under which no SiT is known; ` +
        `take the file that SiT's own code made, or say "family": "dit"`,
    );
  }
  config.model.choice('path_type', ['Linear']);
  return openWithBlocksOfDit(KIND, checkpoint, config);
}
