import { type ByteSource, rangeOf } from './byte-source.ts';
import { type Checkpoint } from './checkpoint.ts';
import { checkpointOf } from './checkpoint-of.ts';
import { type CheckpointFile } from './dictionary.ts';
import { foreignFile } from './foreign-file.ts';
import { refusalOf } from './refusal.ts';
import { readSafetensors } from './safetensors.ts';
import { readTorch } from './torch.ts';

/** Enough of a file's start to know it by. */
const headLength = 256;
const openingBrace = 0x7b;

/**
 * The tensors of the model in a safetensors file or a torch zip file, told apart by content, not by extension.
 *
 * Only the list of tensors is read; nothing in the file is run. Everything that can be known to be
 * wrong without reading the values is an error here. Of several sets of weights the averaged one is taken, and
 * what wrappers put before every name is dropped: `metadata` says both.
 */
export async function openCheckpoint(source: ByteSource): Promise<Checkpoint> {
  return checkpointOf(await readCheckpointFile(source));
}

/** What a checkpoint file holds, whether or not it is a model. */
export async function readCheckpointFile(source: ByteSource): Promise<CheckpointFile> {
  const refuse = refusalOf(source);
  if (source.size === 0) throw refuse('the file is empty; download it again');
  const head = await rangeOf(source, 0, Math.min(headLength, source.size));
  if (startsLikeZip(head)) return readTorch(source);
  if (startsLikeSafetensors(head)) return readSafetensors(source);
  const foreign = foreignFile(head);
  if (foreign !== undefined) throw refuse(foreign);
  if (head[8] === openingBrace) return readSafetensors(source); // says how the length is wrong
  const bytes = [...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  throw refuse(
    `this is neither a safetensors file nor a torch zip file: it has ${source.size} bytes and begins with ` +
      `${bytes}; check that it is the checkpoint and that the download was complete`,
  );
}

/** A local file header, or the end record of a zip file without entries. */
function startsLikeZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));
}

/**
 * Eight bytes of length, of which the upper four are zero, then the JSON header. No text and no pickle looks like that.
 */
function startsLikeSafetensors(head: Uint8Array): boolean {
  return head[8] === openingBrace && head.subarray(4, 8).every((byte) => byte === 0);
}
