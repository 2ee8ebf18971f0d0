import { ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import type { ConfigJson } from './config/fields.ts';
import { ModelConfig } from './config/model-config.ts';
import { DIT } from './families/dit/dit.ts';
import type { ModelFamily } from './families/family.ts';
import { foreignModel } from './families/foreign.ts';
import { SIT } from './families/sit/sit.ts';
import type { TransformerModel } from './model.ts';

/** All families. The first that recognises a model opens it. */
export const FAMILIES: readonly ModelFamily[] = [SIT, DIT];
const SUPPORTED = 'supported are DiT checkpoints, original or diffusers, and those of SiT';

/** The words of the families, as `family` of a config says them where tensors do not tell. */
export const FAMILY_NAMES: readonly string[] = FAMILIES.map(({ id }) => id).toSorted();

/**
 * Opens the diffusion transformer that a checkpoint holds. Family, flavour and extents come from the names and shapes
 * of the tensors; `config` (the fields of a config.json, or what `ModelConfig` read) adds what those do not tell.
 * `families` are those that are known; the first that recognises the model opens it.
 *
 * @throws {ProCacheError} `invalid-model` for models that are not supported, files that are not complete, and a config
 * that contradicts the tensors or asks for what is not there: whatever would draw something else without a word.
 */
export async function openModel(
  checkpoint: Checkpoint,
  config: ConfigJson | ModelConfig = {},
  families: readonly ModelFamily[] = FAMILIES,
): Promise<TransformerModel> {
  const reading = (config instanceof ModelConfig ? config : ModelConfig.of(config)).read();
  const foreign = foreignModel(checkpoint);
  if (foreign !== undefined)
    throw new ProCacheError('invalid-model', `${foreign}, which is not supported; ${SUPPORTED}`);
  reading.model.choice('family', families.map(({ id }) => id).toSorted());
  const family = families.find((each) => each.recognises(checkpoint, reading));
  if (family) return family.open(checkpoint, reading);
  const names = [...checkpoint.tensors.keys()];
  const some = names
    .slice(0, 3)
    .map((name) => shownName(name))
    .join(', ');
  const all = names.length === 1 ? 'the one tensor is' : `the ${names.length} tensors are`;
  throw new ProCacheError(
    'invalid-model',
    `${all} not of a supported model (${some}${names.length > 3 ? ', ...' : ''}); ${SUPPORTED}`,
  );
}
