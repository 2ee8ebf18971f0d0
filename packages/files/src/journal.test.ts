import { mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openJournal } from './journal.ts';

const root = await mkdtemp(join(tmpdir(), 'procache-journal-'));
afterAll(() => rm(root, { recursive: true, force: true }));
let [folder, file, lock] = ['', '', ''];
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'one-'));
  [file, lock] = [join(folder, 'study.jsonl'), join(folder, 'study.lock')];
});

/** A journal whose first line says `first`; hands out its lines, and what adds to them. */
const open = () =>
  openJournal(
    file,
    async (text, add) => {
      const lines = text.split('\n').slice(0, -1);
      if (lines.length === 0) await add('first\n');
      else if (lines[0] !== 'first') throw new ProCacheError('invalid-input', 'begins otherwise');
      return { lines, add };
    },
    {
      held: 'another search is writing to the study there',
      advice: 'wait for it or end it',
      instead: 'another --out',
      kept: 'what is in it is kept',
    },
  );

describe('openJournal', () => {
  it('is locked until it is closed, and then holds what was added', async () => {
    const first = await open();
    expect(await readFile(file, 'utf8')).toBe('first\n');
    await expect(open()).rejects.toMatchObject({
      code: 'invalid-input',
      message: `${lock}: another search is writing to the study there (process ${process.pid}); wait for it or end it`,
    });
    await first.opened.add('second\n');
    await first.close();
    expect(await readdir(folder)).toEqual(['study.jsonl']);
    const second = await open();
    expect(second.isResumed).toBe(true);
    expect(second.opened.lines).toEqual(['first', 'second']);
    await second.close();
    expect(await readFile(file, 'utf8')).toBe('first\nsecond\n');
  });

  it('is opened by one of many that ask at once', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => open()));
    const opened = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(opened).toHaveLength(1);
    await opened[0]!.close();
    expect(await readFile(file, 'utf8')).toBe('first\n');
  });

  const holder = { machine: 'elsewhere', pid: 1, started: '7' };
  const old = new Date(Date.now() - 120_000);

  it.each([
    ['of another machine that gives signs of life', JSON.stringify(holder), new Date(), 'refused'],
    ['of another machine that has given none for two minutes', JSON.stringify(holder), old, 'taken'],
    ['that is being written', '', new Date(), 'refused'],
    ['that was never written', '{"mach', old, 'taken'],
    ['that holds something else', '[{"pid":null}]', old, 'taken'],
  ])('with a lock %s is %s', async (_, text, time, expected) => {
    await writeFile(lock, text);
    await utimes(lock, time, time);
    if (expected === 'refused') {
      await expect(open()).rejects.toThrow('another search is writing to the study there');
      expect(await readdir(folder)).toEqual(['study.lock']);
    } else {
      await (await open()).close();
      expect(await readdir(folder)).toEqual(['study.jsonl']);
    }
  });

  it('with the lock of a process that has ended, or whose number another one has now, is taken at once', async () => {
    const first = await open();
    const mine = JSON.parse(await readFile(lock, 'utf8')) as typeof holder;
    await first.close();
    const ended = [{ ...mine, pid: 4_194_305 }, ...(process.platform === 'linux' ? [{ ...mine, started: '1' }] : [])];
    for (const own of ended) {
      await writeFile(lock, JSON.stringify(own));
      await (await open()).close();
    }
    expect(await readdir(folder)).toEqual(['study.jsonl']);
  });

  it('goes back unlocked and as it was where it is refused', async () => {
    await writeFile(file, 'otherwise\n');
    await expect(open()).rejects.toMatchObject({ code: 'invalid-input', message: `${file}: begins otherwise` });
    expect(await readdir(folder)).toEqual(['study.jsonl']);
    expect(await readFile(file, 'utf8')).toBe('otherwise\n');
  });

  it.skipIf(process.platform === 'win32')('is a regular file', async () => {
    await symlink('/dev/zero', file);
    await expect(open()).rejects.toThrow(`${file}: is a device; give another --out`);
    await symlink('/dev/zero', lock);
    await expect(open()).rejects.toThrow(`${lock}: is a device; give another --out`);
  });

  it('is read without what is no text', async () => {
    await (await open()).close();
    await writeFile(file, Buffer.concat([await readFile(file), Buffer.from([0, 0xff, 0xfe, 0x7b, 0x0a])]));
    const again = await open();
    expect(again.opened.lines).toEqual(['first', '\0\ufffd\ufffd{']);
    await again.close();
  });

  it('says of what cannot be written why, and that nothing is lost', async () => {
    file = join(folder, 'none', 'study.jsonl');
    await expect(open()).rejects.toMatchObject({
      code: 'execution-failed',
      message:
        `${file}: cannot be written: there is no such folder; make it, or choose another place; ` +
        'what is in it is kept',
    });
  });
});
