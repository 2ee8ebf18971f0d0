export { cleanCaption } from './caption.ts';
export { openSentencePiece } from './sentencepiece.ts';
export { type EncodedText, openTokenizer, type Tokenizer, type TokenizerFiles } from './tokenizer.ts';
