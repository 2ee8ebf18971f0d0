/** Where what reads texts lies on this machine. */
export interface EncoderPlace {
  /**
   * The folder or the file of a T5, as weights or as ONNX (`text_encoder/model.onnx`); the folder of a table of words
   * (vocabulary.json and text_encoder.safetensors); or a file of embeddings, which knows the texts that are in it.
   */
  readonly encoder: string;
  /**
   * The folder or the file of the tokenizer of a T5: tokenizer.json or spiece.model. By default what lies in the folder
   * of the T5, or in a folder `tokenizer` in it or beside it.
   */
  readonly tokenizer?: string | undefined;
}

export interface EncoderOptions {
  /** Tokens of an embedding, the padding included, and numbers of a token: what the transformer takes. */
  readonly tokens: number;
  readonly width: number;
  /** Threads to compute with; by default one for each processor that this process may use. */
  readonly threads?: number | undefined;
}

/** The files of a table of words in its folder. */
export const WORD_FILES = ['vocabulary.json', 'text_encoder.safetensors'] as const;

/** Letters of what of a text is not read that a warning shows. */
export const MOST_UNREAD = 120;
