import { type Condition, ProCacheError, type TextEmbedding } from '@procache/core';
import type { ModulationRows, InputArray, Texts } from '../../model.ts';
import { timestepEmbeddings } from './timesteps.ts';

/** What the context graphs take: embeddings of texts, [texts, tokens, width]. */
export const TEXT = 'text';

/**
 * Refuses conditions that are no texts of the model.
 *
 * @throws {ProCacheError} `invalid-input`, with what a text of the model is.
 */
export function checkTexts(
  { tokens, width }: Texts,
  conditions: readonly Condition[],
): asserts conditions is readonly TextEmbedding[] {
  const refuse = (problem: string): never => {
    throw new ProCacheError(
      'invalid-input',
      `${problem}; a text of the model is ${tokens} tokens of ${width} numbers, as its encoder gives them`,
    );
  };
  if (conditions.length === 0) refuse('there is no text');
  for (const text of conditions) {
    if (typeof text !== 'object') return refuse(`the model draws texts, not classes such as ${text}`);
    if (text.values.length !== tokens * width) refuse(`a text has ${text.values.length} numbers`);
    if (!Number.isInteger(text.tokens) || text.tokens < 0 || text.tokens > tokens)
      refuse(`a text says that ${text.tokens} of its tokens are no padding`);
  }
}

/** The inputs of the context graphs for some texts. */
export function textInputs(takes: Texts, texts: readonly Condition[]): Readonly<Record<string, InputArray>> {
  checkTexts(takes, texts);
  const { tokens, width } = takes;
  const data = new Float32Array(texts.length * tokens * width);
  texts.forEach(({ values }, i) => data.set(values, i * tokens * width));
  return { [TEXT]: { type: 'float32', data, shape: [texts.length, tokens, width] } };
}

/** What the graphs of modulations take where those depend on the timestep alone: a row for each. */
export function timestepRows(
  input: string,
  timesteps: readonly number[],
  { frequencies, frequencyShift }: { readonly frequencies: number; readonly frequencyShift: 0 | 1 },
): ModulationRows {
  const rows = timesteps.length;
  const data = timestepEmbeddings(timesteps, frequencies, frequencyShift);
  return { rows, inputs: { [input]: { type: 'float32', data, shape: [rows, frequencies] } }, rowOf: (step) => step };
}
