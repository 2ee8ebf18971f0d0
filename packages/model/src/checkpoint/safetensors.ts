import { type ByteSource, readRange, viewOf } from './byte-source.ts';
import { type Checkpoint, elementCount, isCount, rowMajorStrides, type StoredTensor } from './checkpoint.ts';
import { isJsonObject, parseJsonObject } from './json-object.ts';
import { type Refuse, refusalOf, shown } from './refusal.ts';
import { bytesPerElement, isStoredType } from './stored-type.ts';
import { textOf } from './utf8.ts';

/** Bytes of the number that says how long the header is. */
const prefixLength = 8;
/** The limit of the official reader. */
const longestHeader = 100_000_000;

/** A tensor as the header lists it: byte range `[begin, end)` after the header. */
interface Listed {
  readonly tensor: StoredTensor;
  readonly begin: number;
  readonly end: number;
}

/**
 * A safetensors file, of which the header was read and found sound.
 *
 * It is as strict as the official reader: the tensors must fill the bytes after the header without
 * gap or overlap.
 */
export async function openSafetensors(source: ByteSource): Promise<Checkpoint> {
  const refuse = refusalOf(source);
  const length = await headerLength(source, refuse);
  const text = textOf(await readRange(source, prefixLength, length));
  if (text === undefined) throw refuse('the header is not UTF-8 text; the file is damaged, download it again');
  const { __metadata__: metadata, ...members } = parseJsonObject(text, 'header', refuse);
  const dataStart = prefixLength + length;
  const listed = Object.entries(members).map(([name, member]) => listTensor(name, member, source, dataStart));
  checkLayout(listed, source.size - dataStart, refuse);
  return {
    format: 'safetensors',
    tensors: new Map(listed.map(({ tensor }) => [tensor.name, tensor])),
    metadata: readMetadata(metadata, refuse),
  };
}

async function headerLength(source: ByteSource, refuse: Refuse): Promise<number> {
  const prefix = viewOf(await readRange(source, 0, prefixLength));
  const length = prefix.getUint32(4, true) * 2 ** 32 + prefix.getUint32(0, true);
  if (length > source.size - prefixLength) {
    throw refuse(
      `the header should take ${length} bytes but the file has ${source.size}; it is cut short or not a safetensors file, download it again`,
    );
  }
  if (length > longestHeader) {
    throw refuse(`the header takes ${length} bytes but ${longestHeader} is the limit; write the file again`);
  }
  return length;
}

function readMetadata(metadata: unknown, refuse: Refuse): ReadonlyMap<string, string> {
  if (metadata === undefined) return new Map();
  if (!isJsonObject(metadata)) throw refuse("'__metadata__' is not an object of strings; write the file again");
  const entries = Object.entries(metadata).map(([key, value]): [string, string] => {
    if (typeof value !== 'string') {
      throw refuse(`'${key}' in '__metadata__' is not a string; write the file again with strings only`);
    }
    return [key, value];
  });
  return new Map(entries);
}

function listTensor(name: string, member: unknown, source: ByteSource, dataStart: number): Listed {
  const refuse: Refuse = (message) => refusalOf(source)(`tensor '${name}': ${message}`);
  if (!isJsonObject(member)) throw refuse('the header does not describe it by an object; write the file again');
  const { dtype, shape, data_offsets: range } = member;
  if (!isStoredType(dtype)) {
    throw refuse(`dtype ${shown(dtype)} is not read here; convert the file to F32, F16 or BF16`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw refuse(`shape ${shown(shape)} is not a list of counts; write the file again`);
  }
  if (!Array.isArray(range) || range.length !== 2 || !range.every(isCount)) {
    throw refuse(`data_offsets ${shown(range)} is not a pair of counts; write the file again`);
  }
  const [begin, end] = range as [number, number];
  const needed = elementCount(shape) * bytesPerElement(dtype);
  if (end - begin !== needed) {
    throw refuse(
      `shape ${shown(shape)} of ${dtype} takes ${needed} bytes but data_offsets [${begin}, ${end}] span ${end - begin}; write the file again`,
    );
  }
  const tensor = { name, type: dtype, shape, strides: rowMajorStrides(shape), source, offset: dataStart + begin };
  return { tensor, begin, end };
}

function checkLayout(listed: readonly Listed[], available: number, refuse: Refuse): void {
  let filled = 0;
  for (const { tensor, begin, end } of listed.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== filled) {
      const fault = begin < filled ? 'overlaps the tensor before it' : 'leaves a gap after the tensor before it';
      throw refuse(`tensor '${tensor.name}' ${fault}: it begins at ${begin}, that one ends at ${filled}; write the file again`);
    }
    if (end > available) {
      throw refuse(
        `tensor '${tensor.name}' ends at byte ${end} but only ${available} follow the header; the file is cut short, download it again`,
      );
    }
    filled = end;
  }
  if (filled !== available) {
    throw refuse(`the tensors take ${filled} bytes but ${available} follow the header; write the file again`);
  }
}
