/** A kind of file that people hand over in place of a checkpoint, and what to do about it. */
interface ForeignKind {
  readonly is: (head: Uint8Array, text: string) => boolean;
  readonly message: string;
}

const byText = (pattern: RegExp): ForeignKind['is'] => {
  return (_head, text) => pattern.test(text);
};

const kinds: readonly ForeignKind[] = [
  {
    is: byText(/^\s*(?:<!doctype html|<html|<\?xml|<!--)/i),
    message:
      'this is a web page, not a checkpoint: the download failed; ' +
      'download the file itself (and log in where the site asks for it)',
  },
  {
    is: byText(/^version https:\/\/git-lfs/),
    message: "this is a git-lfs pointer, not the file it stands for; run 'git lfs pull' or download the file itself",
  },
  {
    is: byText(/^\s*\{[\s"}]/),
    message:
      'this is JSON text, not a checkpoint; the index of a sharded checkpoint is told by its name, such as ' +
      'model.safetensors.index.json',
  },
  {
    is: (head) => head[0] === 0x80 && head[1]! <= 5,
    message:
      'this is a bare pickle, as torch wrote before 1.6, and cannot be read in ranges; ' +
      "convert it once: torch.save(torch.load(path, map_location='cpu', weights_only=True), new_path), or save it as " +
      'safetensors',
  },
  {
    // A ModelProto: field 1, the IR version, then field 2, the producer, or field 7, the graph.
    is: (head) => head[0] === 0x08 && head[1]! > 0 && head[1]! < 32 && (head[2] === 0x12 || head[2] === 0x3a),
    message: 'this is an ONNX model, not a checkpoint; hand over the weights it was exported from',
  },
  {
    is: byText(/^GGUF/),
    message: 'this is a GGUF file, not a checkpoint in safetensors or torch format; take the weights it was made from',
  },
  {
    is: (head, text) => head[0] === 0x89 && text.startsWith('HDF', 1),
    message: 'this is an HDF5 file, not a checkpoint in safetensors or torch format; convert it to safetensors',
  },
  {
    is: (head) => head[0] === 0x1f && head[1] === 0x8b,
    message: 'this is a gzip archive; unpack it and hand over the checkpoint inside',
  },
];

/** Why a file that begins with `head` is no checkpoint, where it is a kind that is known. */
export function foreignFile(head: Uint8Array): string | undefined {
  const text = String.fromCharCode(...head).replace(/^\u00ef\u00bb\u00bf/, ''); // a byte order mark, read as Latin-1
  return kinds.find(({ is }) => is(head, text))?.message;
}
