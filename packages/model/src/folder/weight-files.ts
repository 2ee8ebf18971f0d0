import { ProCacheError } from '@procache/core';
import { listedNames } from '@procache/core/untrusted';
import { isShardIndex } from '../checkpoint/shards.ts';

/** What a checkpoint's name ends with. */
const CHECKPOINT = /\.(?:safetensors|pt|pth|bin|ckpt|(?:pth|pt|ckpt)\.tar)$/i;
/** What training leaves beside the weights, under the same endings. */
const NO_WEIGHTS = /^(?:\.|(?:optimizer|scheduler|scaler|training_args|rng_state|random_states)\b)/i;
/** One of several files that an index lists. */
const PART = /-\d{5}-of-(\d{5})\./;

/** The names under which tools write the weights of a whole model, the preferred first. */
export const USUAL_NAMES: readonly string[] = [
  'diffusion_pytorch_model.safetensors',
  'diffusion_pytorch_model.safetensors.index.json',
  'model.safetensors',
  'model.safetensors.index.json',
  'diffusion_pytorch_model.bin',
  'diffusion_pytorch_model.bin.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
];
/** Those of its variants, such as `fp16`. */
const VARIANTS = [
  /^(?:diffusion_pytorch_model|model)(?:\.[^.]+\.safetensors|\.safetensors\.index\.[^.]+\.json)$/,
  /^(?:diffusion_pytorch_model|pytorch_model)(?:\.[^.]+\.bin|\.bin\.index\.[^.]+\.json)$/,
];

/**
 * The weights among the files of a folder: what is called as tools call a model, else the only checkpoint.
 *
 * @param inner the names in the folders of the folder, to say where else a checkpoint may be
 * @throws {ProCacheError} `invalid-model` where there is none, or which is meant is not to be seen.
 */
export function chooseWeightFiles(
  folder: string,
  names: readonly string[],
  inner: ReadonlyMap<string, readonly string[]>,
): string {
  const whole = wholeCheckpoints(names);
  const usual = USUAL_NAMES.find((name) => whole.includes(name));
  if (usual !== undefined) return usual;
  for (const variant of VARIANTS) {
    const found = whole.filter((name) => variant.test(name));
    if (found.length === 1) return found[0]!;
    if (found.length > 1)
      throw refusal(folder, `holds ${found.length} variants of the weights (${listedNames(found)})`);
  }
  if (whole.length === 1) return whole[0]!;
  if (whole.length > 1) throw refusal(folder, `holds ${whole.length} checkpoints (${listedNames(whole)})`);
  const parts = names.filter((name) => CHECKPOINT.test(name) && PART.test(name));
  if (parts.length > 0) {
    const [of] = PART.exec(parts[0]!)!.slice(1).map(Number);
    throw new ProCacheError(
      'invalid-model',
      `${folder}: the folder holds ${parts.length} of ${of} parts of a checkpoint (${listedNames(parts)}), but ` +
        `not the index that lists them; download the .index.json too`,
    );
  }
  if (names.some((name) => /\.onnx$/i.test(name)))
    throw new ProCacheError(
      'invalid-model',
      `${folder}: the folder holds an ONNX model, not a checkpoint; hand over the weights it was exported from`,
    );
  const elsewhere = [...inner].filter(([, files]) => wholeCheckpoints(files).length > 0).map(([name]) => name);
  throw refusal(
    folder,
    elsewhere.length === 0
      ? 'holds no checkpoint'
      : `holds no checkpoint itself, only in the folders ${listedNames(elsewhere)}`,
  );
}

/** Whether a file is called as checkpoints are, or parts of them. */
export function isCheckpointName(name: string): boolean {
  return (CHECKPOINT.test(name) || isShardIndex(name)) && !NO_WEIGHTS.test(name);
}

/** Files and indexes that may be the weights of a whole model. */
function wholeCheckpoints(names: readonly string[]): readonly string[] {
  const files = names.filter(
    (name) => CHECKPOINT.test(name) && (PART.exec(name)?.[1] ?? '00001') === '00001' && !NO_WEIGHTS.test(name),
  );
  return [...files, ...names.filter((name) => isShardIndex(name) && !NO_WEIGHTS.test(name))];
}

function refusal(folder: string, problem: string): ProCacheError {
  return new ProCacheError(
    'invalid-model',
    `${folder}: the folder ${problem}; name the file itself (.safetensors, .pt, .pth, .bin or .ckpt)`,
  );
}
