import { ProCacheError } from '@procache/core';
import { checkOptions, type Fields, integerOf, shownName } from '@procache/core/untrusted';
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import { type ConfigJson, wrong } from './config/fields.ts';
import { ModelConfig } from './config/model-config.ts';
import { DIT } from './families/dit/dit.ts';
import type { LatentSize, ModelFamily } from './families/family.ts';
import { foreignModel } from './families/foreign.ts';
import { PIXART } from './families/pixart/pixart.ts';
import { SIT } from './families/sit/sit.ts';
import type { TransformerModel } from './model.ts';

/** All families. The first that recognises a model opens it. */
export const FAMILIES: readonly ModelFamily[] = [SIT, DIT, PIXART];
const SUPPORTED = 'supported are DiT and PixArt checkpoints, original or diffusers, and those of SiT';

/** The words of the families, as `family` of a config says them where tensors do not tell. */
export const FAMILY_NAMES: readonly string[] = FAMILIES.map(({ id }) => id).toSorted();

/**
 * Opens the diffusion transformer that a checkpoint holds. Family, flavour and extents come from the names and shapes
 * of the tensors; `config` (the fields of a config.json, or what `ModelConfig` read) adds what those do not tell.
 * `families` are those that are known; the first that recognises the model opens it. `size` is that of the latents to
 * draw, where it is not the model's own.
 *
 * @throws {ProCacheError} `invalid-model` for models that are not supported, files that are not complete, and a config
 * that contradicts the tensors or asks for what is not there: whatever would draw something else without a word;
 * `invalid-input` for a size that the model does not draw.
 */
export async function openModel(
  checkpoint: Checkpoint,
  config: ConfigJson | ModelConfig = {},
  families: readonly ModelFamily[] = FAMILIES,
  size?: LatentSize,
): Promise<TransformerModel> {
  if (size !== undefined) checkLatentSize(size);
  const reading = (config instanceof ModelConfig ? config : ModelConfig.of(config)).read();
  const foreign = foreignModel(checkpoint);
  if (foreign !== undefined)
    throw new ProCacheError('invalid-model', `${foreign}, which is not supported; ${SUPPORTED}`);
  const said = reading.model.choice('family', families.map(({ id }) => id).toSorted());
  const family = families.find((each) => each.recognises(checkpoint, reading));
  if (family && said !== undefined && said !== family.id)
    wrong(
      reading.model.find('family')!,
      `but the tensors are those of a ${family.name}; take the config that ` + `belongs to these weights`,
    );
  if (family) return ofSize(await family.open(checkpoint, reading, size), size);
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

const SIZE_FIELDS: Fields<LatentSize> = { height: true, width: true };

/**
 * Refuses what is no size of latents.
 *
 * @throws {ProCacheError} `invalid-input`, with the field.
 */
export function checkLatentSize(size: LatentSize): void {
  checkOptions('latentSize', size, SIZE_FIELDS);
  for (const name of ['height', 'width'] as const)
    integerOf({ value: size[name], place: `latentSize.${name}`, code: 'invalid-input' }, 1, MOST_CELLS);
}

/** More cells to a side than any latent has. */
const MOST_CELLS = 4096;

/** Refuses a size that the family did not follow, because its models draw one only. */
function ofSize(model: TransformerModel, size: LatentSize | undefined): TransformerModel {
  const { height, width } = model.latent;
  if (size === undefined || (size.height === height && size.width === width)) return model;
  throw new ProCacheError(
    'invalid-input',
    `latentSize: the model draws latents of ${height} x ${width} cells only, not of ${size.height} x ${size.width}; ` +
      `leave the size out`,
  );
}
