import type { Condition } from '@procache/core';
import {
  CAPTIONS,
  checkedConditioning,
  conditionsJson,
  heldOut,
  readConditioning,
  type ReadConditioning,
  unconditionalOf,
  unreadTexts,
} from '@procache/pipeline';
import type { Json } from '@procache/search';
import { describedTexts } from '@procache/search-node';
import type { Companions } from '../arguments/companions.ts';
import { askedConditions, type ConditionFlags } from '../arguments/conditions.ts';
import type { NamedModel } from '../arguments/model-choice.ts';
import { asFlagOf } from '../arguments/naming.ts';

/** What the images of a search show, as the model takes it. */
export interface ReadShown extends ReadConditioning {
  /** What those show that the result is judged on. */
  readonly judgedBy: readonly Condition[];
  /** What guidance leads an image away from, where that depends on what it shows. */
  readonly unconditionalOf?: ((condition: Condition) => Condition) | undefined;
}

/** The same as it was asked for. */
export interface Shown {
  /** For the study. */
  readonly described: Readonly<Record<string, Json>>;
  /** Stands for what is to be read, as far as that has to fit the other options. */
  readonly unread: ReadShown;
  /** What of the texts nothing reads, a sentence each. */
  readonly warnings: readonly string[];
  /** Reads texts, each once. */
  readonly read: () => Promise<ReadShown>;
}

/**
 * What a search is to draw: all classes unless some are given; of texts those that are given, else those that the
 * model's makers advise, else captions of our own. Texts that the result is judged on are kept from the search.
 */
export async function chooseShown(
  flags: ConditionFlags,
  known: NamedModel,
  scale: number,
  { encoder, lacking }: Pick<Companions, 'encoder' | 'lacking'>,
): Promise<Shown> {
  const { takes, defaults } = known.model;
  const asked = await askedConditions(flags, known);
  const prompts = (asked ?? encoder?.prompts) as readonly string[] | undefined;
  const texts = prompts === undefined ? known.recommended?.searched : heldOut(prompts);
  const { search, judge } = texts ?? heldOut(CAPTIONS);
  const isText = takes.kind === 'texts';
  const conditions = isText ? [...search, ...judge] : (asked ?? 'all');
  const { negativePrompt: negative } = flags;
  const context = { known, encoder, noEncoder: lacking.encoder, spell: asFlagOf(known) };
  const checked = checkedConditioning({ conditions, negative, scale }, context);
  const guidance = scale === 1 ? undefined : { scale, unconditional: 0, channels: defaults.guidanceChannels };
  return {
    described: isText
      ? { ...describedTexts(asked !== undefined, { search, judge }), ...(negative !== undefined && { negative }) }
      : { labels: conditionsJson(checked.conditions, takes) },
    unread: { conditions: [0], judgedBy: [0], guidance },
    warnings: unreadTexts(checked.conditions, encoder),
    read: async () => {
      const all = await readConditioning(checked, context);
      if (!isText) return { ...all, judgedBy: all.conditions };
      const [searched, judgedBy] = [all.conditions.slice(0, search.length), all.conditions.slice(search.length)];
      return { ...all, conditions: searched, judgedBy, unconditionalOf: unconditionalOf(all) };
    },
  };
}
