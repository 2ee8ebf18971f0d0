import { createWriteStream, openSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { checkedStream } from './output-stream.ts';

const asStdout = (stream: unknown) => checkedStream(stream as NodeJS.WriteStream);

test('waits until all that was written has arrived', async () => {
  const slow = new PassThrough({ highWaterMark: 1 });
  const stream = asStdout(slow);
  for (let i = 0; i < 5; i++) stream.write('x'.repeat(100));
  let settled = false;
  const end = stream.settled!().then((failure) => {
    settled = true;
    return failure;
  });
  await new Promise(setImmediate);
  expect(settled).toBe(false);
  slow.resume();
  expect(await end).toBeUndefined();
});

test.runIf(process.platform === 'linux')('keeps the first failure, and writes nothing more', async () => {
  const stream = asStdout(createWriteStream('', { fd: openSync('/dev/full', 'w') }));
  stream.write('a');
  const failure = await stream.settled!();
  expect(failure).toMatchObject({ code: 'ENOSPC' });
  stream.write('b');
  expect(await stream.settled!()).toBe(failure);
});
