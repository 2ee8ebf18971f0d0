import { createHash } from 'node:crypto';
import type { SamplingDefaults } from '@procache/model';
import type { ImageSize, Process, SearchedCaptions } from '@procache/pipeline';
import type { Json } from '@procache/search';

/**
 * How images come about, and how large they are where they are not of the model's own size, as the study of a search
 * has it, which refuses to go on under others.
 */
export function describedProcess(
  { rule, eta, sde }: Process,
  defaults: SamplingDefaults,
  size?: ImageSize,
): Readonly<Record<string, Json>> {
  return {
    ...{ timesteps: rule, eta },
    ...(sde && { sde: { ...sde } as Json }),
    ...(size && { size: { ...size } }),
    process: describedDefaults(defaults),
  };
}

/** Betas of a training by their hash: others make other images. */
function describedDefaults({ trainedBetas, ...settings }: SamplingDefaults): Json {
  const betas = trainedBetas && createHash('sha256').update(JSON.stringify(trainedBetas)).digest('hex').slice(0, 16);
  const given = Object.entries({ ...settings, trainedBetas: betas }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Readonly<Record<string, Json>>;
}

/** Texts that were asked for; those that are there for all searches by their hash, which belongs to no others. */
export function describedTexts(areAsked: boolean, { search, judge }: SearchedCaptions): Readonly<Record<string, Json>> {
  if (areAsked) return { texts: search, judged: judge };
  const fingerprint = createHash('sha256').update(JSON.stringify({ search, judge })).digest('hex').slice(0, 16);
  return { texts: 'advised', fingerprint };
}
