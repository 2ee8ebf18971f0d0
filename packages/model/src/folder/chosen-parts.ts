import type { FoundParts } from './find-parts.ts';
import { type Origin, originOf, type PartedModel, scalingOf } from './origins.ts';
import { type FoundPart, isTiny, type PartName } from './parts-at.ts';

/** The parts of a pipeline that are a model's own, and those that it lacks. */
export interface ChosenParts {
  /** What makes images of its latents. */
  readonly decoder: FoundPart | undefined;
  /** A tiny autoencoder beside that, which shows single steps in no time. */
  readonly preview: FoundPart | undefined;
  /** What reads texts for it. */
  readonly encoder: FoundPart | undefined;
  /** What the encoder's tokens are made with, where it is no table of words. */
  readonly tokenizer: FoundPart | undefined;
  /** What says how its pipeline draws. */
  readonly scheduler: FoundPart | undefined;
  /** What the model takes and what is not there. */
  readonly missing: readonly MissingPart[];
  /** What is there and does not belong to the model, and why. */
  readonly passedOver: readonly PassedOver[];
}

export interface MissingPart {
  readonly part: PartName;
  readonly origin: Origin;
}

export interface PassedOver {
  readonly found: FoundPart;
  readonly why: string;
}

/** Chooses a model's parts among those that were found, the first that do not contradict it by their configs. */
export function chosenParts({ found, layout }: FoundParts, model: PartedModel): ChosenParts {
  const wants = wantedBy(model);
  const passedOver: PassedOver[] = [];
  const first = (part: PartName): FoundPart | undefined => {
    for (const each of found.filter((candidate) => candidate.part === part)) {
      const why = contradictionOf(each, model, layout);
      if (why === undefined) return each;
      passedOver.push({ found: each, why });
    }
    return undefined;
  };
  const decoder = wants.decoder ? first('decoder') : undefined;
  const isOwn = (each: FoundPart): boolean => contradictionOf(each, model, layout) === undefined;
  const preview = tinyBeside(decoder, found.filter(isOwn));
  const encoder = wants.encoder ? first('encoder') : undefined;
  const needsTokens = wants.encoder && encoder?.kind !== 'words';
  const tokenizer = needsTokens ? tokenizerBeside(encoder, found) : undefined;
  const missing: readonly PartName[] = [
    ...(wants.decoder && !decoder ? (['decoder'] as const) : []),
    ...(wants.encoder && !encoder ? (['encoder'] as const) : []),
    ...(needsTokens && !tokenizer ? (['tokenizer'] as const) : []),
  ];
  return {
    ...{ decoder, preview, encoder, tokenizer, scheduler: found.find(({ part }) => part === 'scheduler') },
    missing: missing.map((part) => ({ part, origin: originOf(part, model) })),
    passedOver,
  };
}

/** What a model needs to draw images from what people ask for. */
function wantedBy({ takes, valueRange }: PartedModel): { readonly decoder: boolean; readonly encoder: boolean } {
  return { decoder: valueRange === undefined, encoder: takes.kind === 'texts' };
}

function tinyBeside(decoder: FoundPart | undefined, found: readonly FoundPart[]): FoundPart | undefined {
  return decoder && !isTiny(decoder) ? found.find(isTiny) : undefined;
}

/** The tokenizer of an encoder: in the same folder, else the first that there is. */
function tokenizerBeside(encoder: FoundPart | undefined, found: readonly FoundPart[]): FoundPart | undefined {
  const tokenizers = found.filter(({ part }) => part === 'tokenizer');
  const around = encoder && encoder.path.slice(0, Math.max(encoder.path.lastIndexOf('/'), 0));
  const near = (path: string): number =>
    path === encoder?.path ? 0 : path.slice(0, Math.max(path.lastIndexOf('/'), 0)) === around ? 1 : 2;
  return tokenizers.toSorted((a, b) => near(a.path) - near(b.path))[0];
}

/** Why something that was found is not the model's, as far as its config says. */
function contradictionOf(found: FoundPart, model: PartedModel, layout: FoundParts['layout']): string | undefined {
  if (found.part === 'decoder')
    return otherLatents(found, model) ?? otherScaling(found, model, layout) ?? otherTiny(found, model);
  return found.part === 'encoder' ? otherWidth(found, model) : undefined;
}

function otherLatents({ config }: FoundPart, { latent }: PartedModel): string | undefined {
  const channels = config['latent_channels'];
  if (typeof channels !== 'number' || channels === latent.channels) return undefined;
  return `its latents have ${channels} channels, and the model's have ${latent.channels}`;
}

/** The parts of a pipeline are taken at their word. */
function otherScaling(
  { kind, config }: FoundPart,
  model: PartedModel,
  layout: FoundParts['layout'],
): string | undefined {
  const [scaling, own] = [config['scaling_factor'], scalingOf(model)];
  if (layout === 'pipeline' || kind !== 'AutoencoderKL' || typeof scaling !== 'number' || own === undefined)
    return undefined;
  if (Math.abs(scaling - own) < 0.01) return undefined;
  return `its latents are scaled by ${scaling}, and the model's by ${own}`;
}

/** A tiny autoencoder says by its name alone whose latents it was trained on. */
function otherTiny(found: FoundPart, model: PartedModel): string | undefined {
  const own = scalingOf(model);
  const [, name] = /(taesd(?:xl)?)[^/]*$/i.exec(found.path) ?? [];
  if (!isTiny(found) || name === undefined || own === undefined) return undefined;
  const scaling = /xl$/i.test(name) ? 0.13025 : 0.18215;
  return Math.abs(scaling - own) < 0.01
    ? undefined
    : `it is of latents scaled by ${scaling}, and the model's by ${own}`;
}

function otherWidth({ config }: FoundPart, { takes }: PartedModel): string | undefined {
  const width = config['d_model'];
  if (typeof width !== 'number' || takes.kind !== 'texts' || width === takes.width) return undefined;
  return `its tokens are ${width} wide, and the model's ${takes.width}`;
}
