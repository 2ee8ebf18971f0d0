import { mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uncached } from '@procache/core';
import type { StudyHeader } from '@procache/search';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openStudyFile } from './study-file.ts';

const root = await mkdtemp(join(tmpdir(), 'procache-study-'));
afterAll(() => rm(root, { recursive: true, force: true }));
let [folder, study, lock] = ['', '', ''];
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'one-'));
  [study, lock] = [join(folder, 'study.jsonl'), join(folder, 'study.lock')];
});

const header: StudyHeader = {
  model: 'sha256:small',
  sampler: 'ddim',
  steps: 4,
  guidance: 1,
  images: null,
  seeds: [0, 1],
  finalSeeds: [],
  versions: {},
  objectives: ['latent-error'],
  strategy: null,
  constraints: null,
};
const open = (resume = true) => openStudyFile(study, header, { resume });

describe('the file of a study', () => {
  it('is locked until it is closed, and then holds one header', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining(
        `study.lock: another search is writing to the study there (process ${process.pid}); `,
      ),
    });
    await first.study.record(uncached({ steps: 4 }), [0], { 'latent-error': [1] });
    await first.close();
    expect(await readdir(folder)).toEqual(['study.jsonl']);
    const second = await open();
    expect(second.isResumed).toBe(true);
    expect(second.study.schedules).toHaveLength(1);
    await second.close();
    expect((await readFile(study, 'utf8')).match(/"study":1/g)).toHaveLength(1);
  });

  it('is opened by one of many that ask at once', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => open()));
    const opened = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(opened).toHaveLength(1);
    await opened[0]!.close();
    expect((await readFile(study, 'utf8')).trimEnd().split('\n')).toHaveLength(1);
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
      const file = await open();
      await file.close();
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

  it('goes back unlocked where it is refused', async () => {
    await writeFile(study, '{"study":1,"guidance":4}\n');
    await expect(open(false)).rejects.toThrow('study.jsonl: there is a study already; --resume goes on with it');
    await expect(open()).rejects.toThrow('study.jsonl: the study was made with guidance 4, and this search has 1');
    await writeFile(study, `${'['.repeat(100_000)}\nnull\n`);
    await expect(open()).rejects.toThrow('study.jsonl: line 2 of the study: null is not an object');
    expect(await readdir(folder)).toEqual(['study.jsonl']);
  });

  it.skipIf(process.platform === 'win32')('is a regular file', async () => {
    await symlink('/dev/zero', study);
    await expect(open()).rejects.toThrow(`${study}: is a device; give another --out`);
    await symlink('/dev/zero', lock);
    await expect(open()).rejects.toThrow(`${lock}: is a device; give another --out`);
  });

  it('is read without what is no text', async () => {
    const first = await open();
    await first.close();
    const bytes = Buffer.concat([await readFile(study), Buffer.from([0, 0xff, 0xfe, 0x7b, 0x0a])]);
    await writeFile(study, bytes);
    const second = await open();
    expect(second.study.torn).toBe(1);
    await second.close();
  });
});
