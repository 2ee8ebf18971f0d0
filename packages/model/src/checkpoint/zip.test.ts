import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';

import { bytesSource } from './byte-source.ts';
import { utf8Of } from './utf8.ts';
import { readEntry, storedRecord } from './zip.ts';
import { readZipDirectory } from './zip-directory.ts';

const limit = 1000;

/** A zip file of one stored entry with every number in its zip64 place, as a file above 4 GB has them. */
function zip64(name: string, content: Uint8Array): Uint8Array {
  const nameBytes = utf8Of(name);
  const local = new DataView(new ArrayBuffer(30));
  local.setUint32(0, 0x04034b50, true);
  local.setUint16(26, nameBytes.length, true);
  const directoryOffset = 30 + nameBytes.length + content.length;

  const entry = new DataView(new ArrayBuffer(46));
  entry.setUint32(0, 0x02014b50, true);
  for (const field of [20, 24, 42]) entry.setUint32(field, 0xffffffff, true);
  entry.setUint16(28, nameBytes.length, true);
  entry.setUint16(30, 4 + 2 + 4 + 24, true);
  const extra = new DataView(new ArrayBuffer(4 + 2 + 4 + 24));
  extra.setUint16(0, 0x5a46, true); // an extra field of another kind before it
  extra.setUint16(2, 2, true);
  extra.setUint16(6, 0x0001, true);
  extra.setUint16(8, 24, true);
  extra.setBigUint64(10, BigInt(content.length), true);
  extra.setBigUint64(18, BigInt(content.length), true);
  const directoryLength = 46 + nameBytes.length + extra.byteLength;

  const end = new DataView(new ArrayBuffer(56 + 20 + 22));
  end.setUint32(0, 0x06064b50, true);
  end.setBigUint64(40, BigInt(directoryLength), true);
  end.setBigUint64(48, BigInt(directoryOffset), true);
  end.setUint32(56, 0x07064b50, true);
  end.setBigUint64(64, BigInt(directoryOffset + directoryLength), true);
  end.setUint32(76, 0x06054b50, true);
  end.setUint16(86, 0xffff, true);
  end.setUint32(88, 0xffffffff, true);
  end.setUint32(92, 0xffffffff, true);
  const pieces = [local, nameBytes, content, entry, nameBytes, extra, end];
  return Uint8Array.from(
    pieces.flatMap((piece) => [...new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength)]),
  );
}

describe('zip files', () => {
  it('reads entries that are stored and entries that are deflated', async () => {
    const long = utf8Of('ab'.repeat(300));
    const source = bytesSource(
      'a.zip',
      zipSync({ stored: [utf8Of('hello'), { level: 0 }], déflated: [long, { level: 9 }] }),
    );
    const entries = await readZipDirectory(source);
    expect([...entries.keys()]).toEqual(['stored', 'déflated']);
    expect(await readEntry(source, entries.get('stored')!, limit)).toEqual(utf8Of('hello'));
    expect(await readEntry(source, entries.get('déflated')!, limit)).toEqual(long);
    await expect(readEntry(source, entries.get('déflated')!, 10)).rejects.toThrow(
      "a.zip: 'déflated' takes 600 bytes but 10 is the limit",
    );
    await expect(storedRecord(source, entries.get('déflated')!)).rejects.toThrow('cannot be read in ranges');
  });

  it('reads zip64 files', async () => {
    const source = bytesSource('large.pt', zip64('a/data.pkl', utf8Of('content')));
    const entry = (await readZipDirectory(source)).get('a/data.pkl')!;
    expect(entry).toMatchObject({ size: 7, packedSize: 7, headerOffset: 0 });
    expect(await readEntry(source, entry, limit)).toEqual(utf8Of('content'));
  });

  it('finds the directory before a comment', async () => {
    const zip = zipSync({ a: utf8Of('hello') }, { comment: 'no' });
    const comment = utf8Of('made by hand');
    const commented = new Uint8Array([...zip, ...comment]);
    new DataView(commented.buffer).setUint16(zip.length - 2, comment.length, true);
    expect([...(await readZipDirectory(bytesSource('a.zip', commented))).keys()]).toEqual(['a']);
  });

  it('refuses a deflated entry that unpacks to another size', async () => {
    const source = bytesSource('a.zip', zipSync({ a: [utf8Of('ab'.repeat(300)), { level: 9 }] }));
    const entry = (await readZipDirectory(source)).get('a')!;
    await expect(readEntry(source, { ...entry, size: 601 }, limit)).rejects.toThrow(
      "'a' does not unpack to its 601 bytes",
    );
    await expect(readEntry(source, { ...entry, method: 12 }, limit)).rejects.toThrow("'a' is packed by method 12");
    await expect(readEntry(source, { ...entry, flags: 1 }, limit)).rejects.toThrow("'a' is encrypted");
    await expect(readEntry(source, { ...entry, headerOffset: 4 }, limit)).rejects.toThrow(
      "'a' does not begin at byte 4",
    );
  });

  it('refuses entries that have not the checksum of the directory', async () => {
    for (const level of [0, 9] as const) {
      const zip = zipSync({ a: [utf8Of('ab'.repeat(300)), { level }] });
      const source = bytesSource('a.zip', zip);
      const entry = (await readZipDirectory(source)).get('a')!;
      expect(await readEntry(source, entry, limit)).toHaveLength(600);
      expect(await readEntry(source, { ...entry, crc32: 0 }, limit)).toHaveLength(600); // the writer computed none
      await expect(readEntry(source, { ...entry, crc32: 1 }, limit)).rejects.toThrow("a.zip: 'a' has the checksum ");
      await expect(readEntry(source, { ...entry, crc32: 1 }, limit)).rejects.toThrow(
        'but 00000001 is noted for it; the file is damaged, download it again',
      );
    }
  });

  it('refuses an entry whose own header has another name', async () => {
    const source = bytesSource(
      'a.zip',
      zipSync({ one: [utf8Of('hello'), { level: 0 }], two: [utf8Of('world'), { level: 0 }] }),
    );
    const entries = await readZipDirectory(source);
    const swapped = { ...entries.get('one')!, headerOffset: entries.get('two')!.headerOffset };
    await expect(readEntry(source, swapped, limit)).rejects.toThrow("a.zip: 'one' does not begin at byte ");
  });

  it('unpacks no further than the size of the directory', async () => {
    const bomb = zipSync({ a: [new Uint8Array(2 ** 20), { level: 1 }] });
    const source = bytesSource('a.zip', bomb);
    const entry = { ...(await readZipDirectory(source)).get('a')!, size: 1000 };
    await expect(readEntry(source, entry, limit)).rejects.toThrow("a.zip: 'a' does not unpack to its 1000 bytes");
  });
});
