import { type Condition, gaussians, type Guidance, type PromptEncoder, type Spelling } from '@procache/core';
import { refuse } from '@procache/core/untrusted';
import { nothingOf } from '@procache/model';
import { type AskedCondition, type AskedConditions, checkedConditions } from './conditions.ts';
import type { KnownModel } from './known-model.ts';
import { asRequested, type OptionName } from './spelling.ts';
import { readTexts } from './texts.ts';

/** What images are to show, and what guidance leads them away from. */
export interface AskedConditioning {
  readonly conditions?: AskedConditions | undefined;
  /** What guidance leads away from, instead of from nothing in particular. */
  readonly negative?: AskedCondition | undefined;
  /** The scale of guidance; 1 is none. */
  readonly scale: number;
}

export interface ConditioningContext {
  readonly known: KnownModel;
  readonly encoder?: PromptEncoder | undefined;
  /** Why there is none, and the way out, as the end of a message. */
  readonly noEncoder?: string | undefined;
  readonly spell?: Spelling<OptionName> | undefined;
}

/** The same, checked against a model, with texts as they are: nothing has been read yet. */
export interface Conditioning {
  readonly scale: number;
  readonly conditions: readonly (Condition | string)[];
  /** What guidance leads away from; undefined without guidance. */
  readonly away: Condition | string | undefined;
}

/** The same as a generation takes it. */
export interface ReadConditioning {
  readonly conditions: readonly Condition[];
  readonly guidance: Guidance | undefined;
}

/**
 * Checks what images are to show, and what guidance leads them away from.
 *
 * @throws {ProCacheError} `invalid-input` as `conditionsOf`, and for what guidance is to lead away from where there is
 * none.
 */
export function checkedConditioning(
  { conditions, negative, scale }: AskedConditioning,
  { known, encoder, noEncoder, spell = asRequested }: ConditioningContext,
): Conditioning {
  const of = (asked: AskedConditions | undefined, option: OptionName): readonly (Condition | string)[] =>
    checkedConditions(asked, known, { place: spell(option), encoder, noEncoder });
  const checked = of(conditions, 'conditions');
  if (scale !== 1) {
    const { unconditional } = known.model.takes;
    const away = negative === undefined ? (unconditional ?? of([''], 'guidance')[0]) : of([negative], 'negative')[0];
    return { scale, conditions: checked, away };
  }
  if (negative !== undefined) {
    const problem = `without guidance nothing leads away from it; ask for ${spell('guidance')} above 1`;
    refuse(spell('negative'), problem, 'invalid-input');
  }
  return { scale, conditions: checked, away: undefined };
}

/** What core takes for it. Texts are read here, each once. */
export async function readConditioning(
  { scale, conditions, away }: Conditioning,
  { known, encoder }: Pick<ConditioningContext, 'known' | 'encoder'>,
): Promise<ReadConditioning> {
  const read = await readTexts(away === undefined ? conditions : [...conditions, away], encoder);
  const shown = read.slice(0, conditions.length);
  if (away === undefined) return { conditions: shown, guidance: undefined };
  const { takes, defaults } = known.model;
  const isNothing = away === (takes.unconditional ?? '');
  const unconditional = isNothing ? nothingOf(takes, read.at(-1)!, shown) : read.at(-1)!;
  return { conditions: shown, guidance: { scale, unconditional, channels: defaults.guidanceChannels } };
}

/** What guidance leads away from by what an image shows, where there is one for each. */
export function unconditionalOf({
  conditions,
  guidance,
}: ReadConditioning): ((condition: Condition) => Condition) | undefined {
  const away = guidance?.unconditional;
  if (!Array.isArray(away)) return undefined;
  const each: readonly Condition[] = away;
  const known = new Map(conditions.map((condition, i) => [condition, each[i]!]));
  return (condition) => known.get(condition)!;
}

/**
 * Conditions and guidance for so many images that are measured and not looked at: the classes in turn, or a text of
 * random numbers, away from what the model knows as nothing, else from another such text.
 */
export function anyConditioning(
  { takes, defaults }: KnownModel['model'],
  images: number,
  scale: number,
): ReadConditioning {
  const textOf = (seed: number): Condition =>
    takes.kind === 'texts' ? { values: gaussians(seed)(takes.tokens * takes.width), tokens: takes.tokens } : 0;
  const text = textOf(0);
  const conditions = Array.from({ length: images }, (_, i) => (takes.kind === 'classes' ? i % takes.count : text));
  if (scale === 1) return { conditions, guidance: undefined };
  const unconditional = takes.unconditional ?? textOf(1);
  return { conditions, guidance: { scale, unconditional, channels: defaults.guidanceChannels } };
}
