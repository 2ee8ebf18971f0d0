import type { OnnxGraph } from '@procache/model';
import { Tensor } from 'onnxruntime-common';
import { expect, it } from 'vitest';
import type { OrtHost } from './host.ts';
import { queued } from './queued.ts';

// Hosts of tests have it; the package does without.
declare const setTimeout: (then: () => void, milliseconds: number) => unknown;

const graph: OnnxGraph = {
  name: 'none',
  bytes: new Uint8Array(),
  inputs: [],
  outputs: [],
  files: new Map(),
  ranges: [],
  placed: () => new Uint8Array(),
  weightBytes: 0,
};

/** A host that notes what it begins and ends; a run of the output `wrong` fails. */
function slowHost() {
  const log: string[] = [];
  const taking = async <R>(what: string, result: () => R): Promise<R> => {
    log.push(`${what} begins`);
    await new Promise<void>((resolve) => void setTimeout(resolve, 2));
    log.push(`${what} ends`);
    return result();
  };
  const host: OrtHost = {
    Tensor,
    emptyTensors: false,
    free: () => undefined,
    open: () =>
      taking('open', () => ({
        run: (_, [output]) =>
          taking(`run ${output!}`, () => {
            if (output === 'wrong') throw new Error('a wrong input');
            return { [output!]: new Tensor('float32', [1], [1]) };
          }),
        release: () => taking('release', () => undefined),
      })),
  };
  return { host, log };
}

it('sessions of a queued host take turns, in the order in which they were asked, whatever fails', async () => {
  const { host, log } = slowHost();
  const own = queued(host);
  expect([own.Tensor, own.emptyTensors]).toEqual([Tensor, false]);
  const [one, other] = await Promise.all([own.open(graph, 'packed'), own.open(graph, 'packed')]);
  const runs = [one.run({}, ['a']), other.run({}, ['wrong']), one.run({}, ['b'])];
  const released = other.release();
  const [a, wrong, b] = await Promise.allSettled(runs);
  await released;
  expect([a!.status, wrong!.status, b!.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  const acts = ['open', 'open', 'run a', 'run wrong', 'run b', 'release'];
  expect(log).toEqual(acts.flatMap((act) => [`${act} begins`, `${act} ends`]));
});
