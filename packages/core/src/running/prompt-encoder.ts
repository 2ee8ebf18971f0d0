import type { TextEmbedding } from './condition.ts';

/**
 * What reads texts for a model that draws from them: a tokenizer and its text model, or a table of words.
 *
 * Whoever opened it disposes of it.
 */
export interface PromptEncoder {
  /**
   * The embeddings of texts, one for each, in their order; the same text gives the same object, so that what a model
   * makes of it is made once. The empty text is one too.
   */
  encode(texts: readonly string[]): Promise<readonly TextEmbedding[]>;
  /** What of a text it does not read, in words, for a warning: what is beyond its length, or words that it lacks. */
  notRead?(text: string): string | undefined;
  /** The texts that it knows, where it reads no others: those of a file of embeddings, in its order. */
  readonly prompts?: readonly string[] | undefined;
  /** Frees what it holds. */
  dispose(): Promise<void>;
}
