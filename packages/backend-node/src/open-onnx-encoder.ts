import { dirname, join } from 'node:path';
import type { PromptEncoder } from '@procache/core';
import { isJsonObject, parseJson } from '@procache/core/untrusted';
import { readRegularFile } from '@procache/files';
import type { EncoderOptions, EncoderPlace } from './encoder-options.ts';
import { isThere, namesIn } from './node-folder.ts';
import { openOnnxTextModel } from './onnx-encoder.ts';
import { tokenizerOf } from './tokenizer-files.ts';
import { checkVocabulary, tokensEncoder } from './tokens-encoder.ts';

/** What exporters call a text encoder, the preferred first: optimum of pipelines, and of a T5. */
const ONNX_FILES = ['model.onnx', 'encoder_model.onnx', 'onnx/model.onnx', 'onnx/encoder_model.onnx'] as const;
/** Weights beside them, which take less memory: they are read block by block. */
const WEIGHTS = /\.(?:safetensors|bin|pt|pth)(?:\.index\.json)?$/i;
const LARGEST_CONFIG = 2 ** 20;

/** The ONNX file of a text encoder, or the one in its folder; undefined where there are weights, or neither. */
export async function onnxFileAt(path: string): Promise<string | undefined> {
  if (/\.onnx$/i.test(path)) return path;
  const names = (await namesIn(path)) ?? [];
  if (names.some((name) => WEIGHTS.test(name))) return undefined;
  for (const file of ONNX_FILES) if (await isThere(join(path, file))) return join(path, file);
  return undefined;
}

/** Opens a text encoder that is ONNX already, and its tokenizer. */
export async function openOnnxEncoder(
  file: string,
  place: EncoderPlace,
  { tokens, ...options }: EncoderOptions,
): Promise<PromptEncoder> {
  const tokenizer = await tokenizerOf(place);
  const embeddings = await vocabularyIn(join(dirname(file), 'config.json'));
  if (embeddings !== undefined) checkVocabulary(file, tokenizer, embeddings);
  return tokensEncoder({ tokenizer, model: await openOnnxTextModel(file, { tokens, ...options }), tokens });
}

/** How many tokens a text model has embeddings for, where its config says it. */
async function vocabularyIn(path: string): Promise<number | undefined> {
  if (!(await isThere(path))) return undefined;
  const bytes = await readRegularFile(path, { code: 'invalid-model', what: 'a config', most: LARGEST_CONFIG });
  const config = parseJson(new TextDecoder().decode(bytes), { name: path, code: 'invalid-model' });
  const size = isJsonObject(config) ? config['vocab_size'] : undefined;
  return typeof size === 'number' ? size : undefined;
}
