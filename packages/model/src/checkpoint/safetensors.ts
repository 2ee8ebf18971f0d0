import { isJsonObject, parseJson, shown, shownName } from '@procache/core/untrusted';

import { type ByteSource, rangeOf, viewOf } from './byte-source.ts';
import { elementCount, isCount, rowMajorStrides, type StoredTensor } from './checkpoint.ts';
import { type CheckpointFile } from './dictionary.ts';
import { type Refuse, refusalOf, refusalOfTensor } from './refusal.ts';
import { bitsPerElement, isStoredType, isTypeName, notRead } from './stored-type.ts';
import { decodedText } from './utf8.ts';

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
export async function readSafetensors(source: ByteSource): Promise<CheckpointFile> {
  const refuse = refusalOf(source);
  const length = await headerLength(source, refuse);
  const text = decodedText(await rangeOf(source, prefixLength, length));
  if (text === undefined) throw refuse('the header is not UTF-8 text; the file is damaged, download it again');
  const advice = 'the file is damaged, download it again';
  const header = parseJson(text, { name: `${source.name}: the header`, code: 'invalid-model', advice });
  if (!isJsonObject(header))
    throw refuse(`the header is ${shown(header)}, not a JSON object; this is not a checkpoint`);
  const { __metadata__: about, ...members } = header;
  const dataStart = prefixLength + length;
  const listed = Object.entries(members).map(([name, member]) => listTensor(name, member, source, dataStart));
  checkLayout(listed, source.size - dataStart, refuse);
  const metadata = readMetadata(about, refuse);
  const tensors = withDroppedNames(new Map(listed.map(({ tensor }) => [tensor.name, tensor])), metadata);
  return {
    name: source.name,
    format: 'safetensors',
    dictionaries: [
      {
        path: '',
        shapes: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
        locate: (names) => Promise.resolve(names.map((name) => tensors.get(name)!)),
      },
    ],
    metadata,
    nameless: [],
    size: source.size,
  };
}

async function headerLength(source: ByteSource, refuse: Refuse): Promise<number> {
  const prefix = viewOf(await rangeOf(source, 0, prefixLength));
  const length = prefix.getUint32(4, true) * 2 ** 32 + prefix.getUint32(0, true);
  if (length > source.size - prefixLength) {
    throw refuse(
      `the header should take ${length} bytes but the file has ${source.size}; ` +
        `it is cut short or not a safetensors file, download it again`,
    );
  }
  if (length > longestHeader) {
    throw refuse(`the header takes ${length} bytes but ${longestHeader} is the limit; write the file again`);
  }
  return length;
}

function readMetadata(metadata: unknown, refuse: Refuse): ReadonlyMap<string, string> {
  if (metadata === undefined || metadata === null) return new Map();
  if (!isJsonObject(metadata)) {
    throw refuse(`'__metadata__' is ${shown(metadata)}, not an object of strings; write the file again`);
  }
  const entries = Object.entries(metadata).map(([key, value]): [string, string] => {
    if (typeof value !== 'string') {
      throw refuse(
        `${shown(key)} in '__metadata__' is ${shown(value)}, not a string; write the file again with strings only`,
      );
    }
    return [key, value];
  });
  return new Map(entries);
}

/**
 * The tensors, with those that `save_model` of safetensors left out: of several names for the same values it keeps
 * one, and notes for each of the others which.
 */
function withDroppedNames(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: ReadonlyMap<string, string>,
): ReadonlyMap<string, StoredTensor> {
  const all = new Map(tensors);
  for (const [dropped, kept] of metadata) {
    const tensor = tensors.get(kept);
    if (tensor && !tensors.has(dropped)) all.set(dropped, { ...tensor, name: dropped });
  }
  return all;
}

function listTensor(name: string, member: unknown, source: ByteSource, dataStart: number): Listed {
  const refuse = refusalOfTensor(source, name);
  if (!isJsonObject(member)) throw refuse('the header does not describe it by an object; write the file again');
  const { dtype, shape, data_offsets: range } = member;
  if (!isTypeName(dtype))
    throw refuse(`dtype ${shown(dtype)} is not the name of a number format; write the file again`);
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw refuse(`shape ${shown(shape)} is not a list of counts; write the file again`);
  }
  if (!Array.isArray(range) || range.length !== 2 || !range.every(isCount)) {
    throw refuse(`data_offsets ${shown(range)} is not a pair of counts; write the file again`);
  }
  const [begin, end] = range as [number, number];
  const bits = bitsPerElement(dtype);
  const needed = bits === undefined ? Math.max(0, end - begin) : (elementCount(shape) * bits) / 8;
  if (end - begin !== needed) {
    throw refuse(
      `shape ${shown(shape)} of ${dtype} takes ${needed} bytes but data_offsets [${begin}, ${end}] span ` +
        `${end - begin}; write the file again`,
    );
  }
  const place = { source, offset: dataStart + begin, strides: rowMajorStrides(shape) };
  const unread = isStoredType(dtype) ? undefined : notRead(dtype);
  return { tensor: { name, type: dtype, shape, ...place, ...(unread !== undefined && { unread }) }, begin, end };
}

function checkLayout(listed: readonly Listed[], available: number, refuse: Refuse): void {
  let filled = 0;
  for (const { tensor, begin, end } of listed.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    const name = `tensor '${shownName(tensor.name)}'`;
    if (begin !== filled) {
      const fault = begin < filled ? 'overlaps the tensor before it' : 'leaves a gap after the tensor before it';
      throw refuse(`${name} ${fault}: it begins at ${begin}, that one ends at ${filled}; write the file again`);
    }
    if (end > available) {
      throw refuse(
        `${name} ends at byte ${end} but only ${available} follow the header; the file is cut short, download it again`,
      );
    }
    filled = end;
  }
  if (filled !== available) {
    throw refuse(`the tensors take ${filled} bytes but ${available} follow the header; write the file again`);
  }
}
