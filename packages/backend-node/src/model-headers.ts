import { objectOf, parseJson } from '@procache/core/untrusted';
import { fingerprintOf, readRegularText } from '@procache/files';
import { type ConfigJson, type LatentSize, sourcesOf, type TransformerModel, weightsTaken } from '@procache/model';
import type { FileIdentity } from './file-identity.ts';
import { openModelFiles } from './model-files.ts';

/** A model as far as the headers of its files tell. */
export interface ModelHeaders {
  /** What `openTransformer` takes, with `config` and `latentSize`, and with `files` as `unchangedSince`. */
  readonly path: string;
  /** What adds to the model's own config.json. */
  readonly config: ConfigJson;
  /** The latents to draw, where they are not of the model's own size. */
  readonly latentSize?: LatentSize | undefined;
  readonly model: TransformerModel;
  /** What the model's own config.json says. */
  readonly own: ConfigJson;
  /** Tells its weights from others: see `fingerprintOf` of `@procache/files`. */
  readonly fingerprint: string;
  /** Its files as they were then. */
  readonly files: readonly FileIdentity[];
  /** Which weights of its file were taken, where there are several or more than those: see `weightsTaken`. */
  readonly weights?: string | undefined;
}

/**
 * Reads the headers of a model, wherever `openModelFiles` finds it. No weight is loaded, and no file stays open.
 *
 * @throws {ProCacheError} `invalid-model`, with the file, the place in it and the way out.
 */
export async function readModelHeaders(
  path: string,
  config: ConfigJson = {},
  latentSize?: LatentSize,
): Promise<ModelHeaders> {
  const opened = await openModelFiles(path, config, latentSize);
  const { model, checkpoint, files } = opened;
  try {
    const fingerprint = await fingerprintOf(sourcesOf(checkpoint));
    const known = { path, config, latentSize, model, own: opened.config.own };
    return { ...known, fingerprint, files, weights: weightsTaken(checkpoint) };
  } finally {
    await opened.close();
  }
}

/** Bytes of the longest config.json that is read: one that names a class in every row of a table has less. */
const LONGEST = 64 * 2 ** 20;

/** Reads a config.json of the user's, whose fields add to those of a model. */
export async function readConfigFile(path: string, place: string = path): Promise<ConfigJson> {
  const what = 'the path of a config.json';
  const text = await readRegularText(path, { most: LONGEST, place, what });
  const value = parseJson(text, { name: place, code: 'invalid-input', pythonNumbers: true, advice: `give ${what}` });
  return objectOf({ value, place, code: 'invalid-input' });
}
