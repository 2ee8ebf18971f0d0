import type { ChosenParts } from './chosen-parts.ts';
import type { Origin } from './origins.ts';
import type { PartName } from './parts-at.ts';

/** Where a part comes from, for people: `stabilityai/sd-vae-ft-ema, into vae/`. */
export function originText({ repository, folder, into }: Origin): string {
  if (repository === undefined) return `ships with the model, in ${into}`;
  return `${repository}${folder === undefined ? '' : `, its folder ${folder}/`}, into ${into}`;
}

/**
 * Why a model lacks a part, and the way out, as the end of a message: `there is no decoder with it; put
 * stabilityai/sd-vae-ft-ema into vae/`. Nothing where it has the part, or needs none.
 */
export function missingText({ missing, passedOver }: ChosenParts, part: PartName): string | undefined {
  const found = missing.find((each) => each.part === part);
  if (found === undefined) return undefined;
  const others = passedOver
    .filter((each) => each.found.part === part)
    .map(({ found: { path }, why }) => `${path}: ${why}`);
  const but = others.length === 0 ? '' : ` (${others.join('; ')})`;
  const { repository, folder, into } = found.origin;
  const what = repository === undefined ? `the ${part} that it was trained with` : repositoryText(repository, folder);
  return `there is no ${part} with it${but}; put ${what} into ${into}`;
}

function repositoryText(repository: string, folder: string | undefined): string {
  return folder === undefined ? repository : `the folder ${folder}/ of ${repository}`;
}
