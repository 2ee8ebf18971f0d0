import type { SdeSettings, Schedule } from '@procache/core';
import { parseJson, printable } from '@procache/core/untrusted';
import { readPngText } from './png-text.ts';

/**
 * How the images of a picture were made: what it takes to make them again, as JSON. A seed above 2^53 - 1 is a text,
 * since readers of JSON would round the number.
 */
export interface Provenance {
  readonly version: string;
  readonly model: {
    readonly name: string;
    readonly family: string;
    readonly flavour: string;
    readonly fingerprint: string;
  };
  readonly schedule: { readonly name: string } & Omit<Schedule, '$schema'>;
  readonly steps: number;
  readonly sampler: string;
  readonly eta?: number;
  readonly timesteps: string;
  /** Of Euler-Maruyama. */
  readonly sde?: SdeSettings;
  readonly guidance: number;
  /** The text that guidance leads away from, where one was given. */
  readonly negative?: string;
  /** Of each image, in pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Of a preview: the steps that were taken. */
  readonly taken?: number;
  readonly images: readonly ImageProvenance[];
}

/** What tells an image from the others of its picture. */
export interface ImageProvenance {
  /** What it is to show: the number of a class, or a text. */
  readonly condition: number | string;
  readonly name: string;
  /** The seed of its noise, or the file that the noise is from. */
  readonly seed?: number | string;
  readonly noise?: string;
}

/** What a picture says of how it was made: to be handed to `encodePng`. */
export function provenanceText(provenance: Provenance): { readonly parameters: string; readonly procache: string } {
  return { parameters: parametersText(provenance), procache: JSON.stringify(provenance) };
}

/** For people, in the manner in which image tools write it: the subject, then a line of parameters. */
function parametersText(provenance: Provenance): string {
  const { model, schedule, steps, taken, sampler, guidance, negative, images, version } = provenance;
  const seeds = images.map(({ seed, noise }) => seed ?? noise ?? '');
  const { width, height } = provenance;
  const parameters = [
    `Steps: ${taken === undefined ? '' : `${taken} of `}${steps}`,
    `Sampler: ${sampler}`,
    `CFG scale: ${guidance}`,
    `Seed: ${oneLine(seeds.length > 1 ? `${seeds[0]!} to ${seeds.at(-1)!}` : seeds.join(''))}`,
    ...(width === undefined || height === undefined ? [] : [`Size: ${width}x${height}`]),
    `Schedule: ${oneLine(`${schedule.name} ${schedule.pattern}`)}`,
    `Model: ${oneLine(model.name)}`,
    `Model fingerprint: ${model.fingerprint}`,
    `Version: ProCache ${version}`,
  ];
  const names = images.map(({ name }) => oneLine(name)).join(', ');
  const away = negative === undefined ? '' : `Negative prompt: ${oneLine(negative)}\n`;
  return `${names}\n${away}${parameters.join(', ')}`;
}

/**
 * A name out of a file, of which other tools read lines: it begins none of its own, and holds no sign that a picture
 * cannot.
 */
function oneLine(name: string): string {
  return printable(name.replaceAll(/\s+/g, ' '));
}

/** An image as its picture tells of it, which anybody may have written. */
export interface ToldImage {
  readonly name: string;
  /** Digits, so that it may become part of a path. */
  readonly seed: string | number | undefined;
  /** What it shows; `label` in pictures of earlier versions. */
  readonly condition: unknown;
}

/** The images that a PNG file says it holds; undefined where it says nothing of the kind, whatever is wrong with it. */
export function toldImages(png: Uint8Array): readonly ToldImage[] | undefined {
  try {
    const { procache } = readPngText(png);
    if (procache === undefined) return undefined;
    const { images } = parseJson(procache, { name: 'procache', code: 'invalid-input' }) as {
      readonly images?: unknown;
    };
    return Array.isArray(images) ? images.flatMap(told) : undefined;
  } catch {
    return undefined;
  }
}

function told(image: unknown): readonly ToldImage[] {
  const { name, seed, label, condition = label } = (image ?? {}) as Readonly<Record<string, unknown>>;
  const isSeed = typeof seed === 'number' || (typeof seed === 'string' && /^\d+$/.test(seed));
  return typeof name === 'string' ? [{ name, condition, seed: isSeed ? seed : undefined }] : [];
}
