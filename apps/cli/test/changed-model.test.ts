import { execFileSync } from 'node:child_process';
import { cp, mkdir, open, readdir, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { zooModel } from '@procache/zoo';
import { beforeEach, describe, expect, it } from 'vitest';
import { procache, temporaryFolder } from './spawn-procache.ts';

const out = temporaryFolder();
let [model, pictures, count] = ['', '', 0];
beforeEach(async () => {
  [model, pictures] = [out(`model ${count}`), out(`pictures ${count++}`)];
  await cp(zooModel('fashion-dit').folder, model, { recursive: true });
});

const weights = () => `${model}/model.safetensors`;

async function overwrite(): Promise<void> {
  const file = await open(weights(), 'r+');
  const { size } = await file.stat();
  for (let at = size / 2; at < size; at += 1e6) await file.write(Buffer.alloc(1000, 60), 0, 1000, at);
  await file.close();
}

async function replace(): Promise<void> {
  await cp(weights(), `${weights()}.new`);
  await rename(`${weights()}.new`, weights());
}

describe('a checkpoint that changes while it is used', () => {
  it.each([
    ['is overwritten', overwrite, 'was written to'],
    ['is cut short', () => truncate(weights(), 5000), 'it was written to'],
    ['is replaced', replace, 'was replaced by another file'],
    ['is removed', () => rm(weights()), 'was removed or renamed'],
  ])('%s: no picture, and exit code 1', async (_, change, problem) => {
    const running = procache([
      'generate',
      '--model',
      model,
      '--labels',
      Array.from({ length: 40 }, (_, i) => i % 10).join(),
      '--steps',
      '50',
      '--out',
      pictures,
    ]);
    while (!(await stat(pictures).catch(() => undefined))) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 1200)); // into the steps
    await change();
    const { code, stderr } = await running;
    expect(stderr).toMatch(
      new RegExp(
        `^procache: (step \\d+ \\('#'\\): )?\\S.*model\\.safetensors: .*${problem} while the model was in use; ` +
          `open the model again`,
      ),
    );
    expect(code).toBe(1);
    expect(await readdir(pictures).catch(() => [])).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')('what is no regular file is refused at once', () => {
  it.each([
    ['the weights', ['--model', 'pipe'], 'pipe: is a pipe; give a checkpoint file'],
    ['the weights behind a link', ['--model', 'link'], 'link: is a pipe; give a checkpoint file'],
    ['a device', ['--model', '/dev/zero'], '/dev/zero: is a device; give a checkpoint file'],
    ["a folder's weights", ['--model', 'piped weights'], 'model.safetensors: is a pipe; give a checkpoint file'],
    ["a folder's config.json", ['--model', 'piped config'], 'config.json: is a pipe; give a config'],
    ['--config', ['--config', 'pipe'], '--config pipe: is a pipe; give the path of a config.json'],
    ['--schedule', ['--schedule', './pipe'], './pipe: is a pipe'],
  ])('%s', async (_, words, problem) => {
    await mkdir(out('here', 'piped config'), { recursive: true });
    await mkdir(out('here', 'piped weights'), { recursive: true });
    for (const name of ['pipe', 'piped config/config.json', 'piped weights/model.safetensors']) {
      await rm(out('here', name), { force: true });
      execFileSync('mkfifo', [out('here', name)]);
    }
    await cp(weights(), out('here', 'piped config/model.safetensors'));
    await writeFile(out('here', 'piped weights/config.json'), '{}');
    await rm(out('here', 'link'), { force: true });
    await symlink('pipe', out('here', 'link'));
    for (const command of ['generate', 'explain']) {
      const { code, stderr, milliseconds } = await procache([command, ...words], { cwd: out('here') });
      expect(stderr).toContain(problem);
      expect(code).toBeGreaterThan(0);
      expect(milliseconds).toBeLessThan(10_000);
    }
  });
});
