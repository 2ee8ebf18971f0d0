import { basename, dirname, join } from 'node:path';
import { ProCacheError } from '@procache/core';
import { listedNames, shownName } from '@procache/core/untrusted';
import { readRegularText } from '@procache/files';
import { namesIn } from './node-folder.ts';

/** A commit is 40 signs long. */
const LONGEST_REF = 1024;

/**
 * The snapshot that a folder in the cache of Hugging Face stands for; a folder of another kind stands for itself.
 *
 * The cache keeps of each model a folder `models--<owner>--<name>`, in it `snapshots/<commit>` with the files as links,
 * and `refs/main` with the commit that was asked for last.
 *
 * @throws {ProCacheError} `invalid-model` where it is such a folder and does not say which snapshot is meant.
 */
export async function cachedSnapshot(folder: string): Promise<string> {
  const names = (await namesIn(folder)) ?? [];
  if (names.includes('snapshots/') && (names.includes('refs/') || names.includes('blobs/'))) return snapshotOf(folder);
  if (basename(folder) === 'snapshots' && names.every((name) => name.endsWith('/'))) return snapshotOf(dirname(folder));
  const models = names.filter((name) => name.startsWith('models--')).map(bare);
  if (models.length === 0) return folder;
  throw new ProCacheError(
    'invalid-model',
    `${folder}: this is a cache of models (${listedNames(models)}); name one of these folders`,
  );
}

async function snapshotOf(model: string): Promise<string> {
  const snapshots = ((await namesIn(join(model, 'snapshots'))) ?? []).map(bare);
  const main = await mainOf(model);
  if (main !== undefined && snapshots.includes(main)) return join(model, 'snapshots', main);
  if (main === undefined && snapshots.length === 1) return join(model, 'snapshots', snapshots[0]!);
  const has = snapshots.length === 0 ? 'none' : listedNames(snapshots);
  const problem =
    main === undefined
      ? 'it does not say which snapshot is meant (refs/main is missing)'
      : `refs/main asks for the snapshot ${shownName(main)}, which is not there`;
  throw new ProCacheError(
    'invalid-model',
    `${model}: ${problem}; of its snapshots (${has}) name the folder of one, or download the model again`,
  );
}

async function mainOf(model: string): Promise<string | undefined> {
  const refs = (await namesIn(join(model, 'refs'))) ?? [];
  if (!refs.includes('main')) return undefined;
  const text = await readRegularText(join(model, 'refs', 'main'), {
    most: LONGEST_REF,
    code: 'invalid-model',
    what: 'a file that holds a commit',
  });
  return text.trim();
}

function bare(name: string): string {
  return name.replace(/\/$/, '');
}
