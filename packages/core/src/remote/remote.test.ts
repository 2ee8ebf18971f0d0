import { describe, expect, it } from 'vitest';
import { ProCacheError } from '../errors.ts';
import { planOf } from '../plan/lower.ts';
import { referenceTransformer, type ReferenceTensor } from '../reference/index.ts';
import type { Conditioned, Conditions, StepCall, Transformer } from '../running/transformer.ts';
import { withDenoiser } from '../running/with-denoiser.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { Topology } from '../topology.ts';
import { type Port, remoteTransformer, serveTransformer } from './index.ts';

// Hosts of these tests have them; the package does without.
declare const structuredClone: (value: unknown) => unknown;
declare const setTimeout: (then: () => void, milliseconds: number) => unknown;

const topology: Topology = {
  blocks: [
    ['attn', 'mlp'],
    ['attn', 'mlp'],
    ['attn', 'mlp'],
  ],
  grid: [2, 2],
};
const schedule: Schedule = {
  version: 1,
  pattern: '#.+#.+',
  legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.5, blocks: [1, 2], modules: ['mlp'] }] },
};
const plan = planOf(schedule, topology);
const conditions: Conditions = { timesteps: [900, 700, 500, 300, 200, 100], images: [1, 2] };
const latent = Float32Array.from({ length: 2 * 2 * 4 }, (_, i) => Math.sin(i));

interface Wire {
  readonly near: Port;
  readonly far: Port;
  /** Cuts the connection. */
  readonly lose: (reason: Error) => void;
  /** Lets what is held back through, in whichever order. */
  readonly held: (() => void)[];
}

/** Two ports joined by a microtask and a structured clone; what is answered may be held back. */
function wire(holds: (message: unknown) => boolean = () => false): Wire {
  const ends: { hear?: (message: unknown) => void; close?: (reason: Error) => void }[] = [{}, {}];
  const held: (() => void)[] = [];
  let isLost = false;
  const portOf = (own: number): Port => ({
    post(message) {
      const copy = structuredClone(message);
      const deliver = (): void => {
        if (!isLost) ends[1 - own]!.hear!(copy);
      };
      if (own === 1 && holds(message)) held.push(deliver);
      else void Promise.resolve().then(deliver);
    },
    onMessage: (listener) => void (ends[own]!.hear = listener),
    onClosed: (listener) => void (ends[own]!.close = listener),
  });
  const lose = (reason: Error): void => {
    isLost = true;
    for (const { close } of ends) close!(reason);
  };
  return { near: portOf(0), far: portOf(1), lose, held };
}

async function connected(transformer: Transformer<unknown>, ports = wire()) {
  serveTransformer(ports.far, Promise.resolve(transformer));
  return remoteTransformer(ports.near);
}

const passed = (milliseconds: number) => new Promise<void>((resolve) => void setTimeout(resolve, milliseconds));
const settled = () => passed(5);
const callAt = (step: number): StepCall<never> => ({
  step,
  plan: plan.steps[step]!,
  latent,
  features: new Map(),
  tokens: new Map(),
});

/** The same transformer, which changes what a generation does. */
function changed(
  transformer: Transformer<ReferenceTensor>,
  change: (own: Conditioned<ReferenceTensor>) => Partial<Conditioned<ReferenceTensor>>,
): Transformer<ReferenceTensor> {
  return {
    ...transformer,
    condition: async (...args) => {
      const own = await transformer.condition(...args);
      return { ...own, ...change(own) };
    },
  };
}

describe('a transformer behind a port', () => {
  it('gives the same outputs at every step, and leaves nothing behind', async () => {
    const outputs = async (transformer: Transformer<unknown>) => {
      const all: Float32Array[] = [];
      await withDenoiser({ transformer: transformer, plan, conditions }, async (denoise) => {
        for (const step of plan.steps.keys()) all.push(await denoise(latent, step));
      });
      return all;
    };
    const served = referenceTransformer({ topology });
    const remote = await connected(served);
    expect(await outputs(remote)).toEqual(await outputs(referenceTransformer({ topology })));
    expect([served.live, served.leaked]).toEqual([0, 0]);
    expect(remote).toMatchObject({ topology, latent: served.latent, hoists: true });
  });

  it('reads features, which stay where they are', async () => {
    const served = referenceTransformer({ topology });
    const here = await served.condition(conditions, plan);
    const there = await (await connected(served)).condition(conditions, plan);
    const [own, remote] = [await here.execute(callAt(0)), await there.execute(callAt(0))];
    expect([...remote.features.keys()]).toEqual([...own.features.keys()]);
    for (const [id, handle] of remote.features)
      expect(await there.read(handle)).toEqual(await here.read(own.features.get(id)!));
  });

  it('answers in order, whatever takes longer, and several generations at once', async () => {
    const log: string[] = [];
    const slow = changed(referenceTransformer({ topology }), (own) => ({
      async execute(call) {
        await passed(call.step === 0 ? 10 : 0);
        log.push(`executed ${call.step}`);
        return own.execute(call);
      },
    }));
    const remote = await connected(slow);
    const [one, other] = [await remote.condition(conditions, plan), await remote.condition(conditions, plan)];
    const features = (await one.execute(callAt(0))).features;
    log.length = 0;
    await Promise.all([
      other.execute(callAt(0)).then(() => log.push('answered 0')),
      one.execute(callAt(3)).then(() => log.push('answered 3')),
      one.read(features.get('0.mlp')!).then(() => log.push('read')),
    ]);
    expect(log.filter((entry) => entry.startsWith('executed'))).toEqual(['executed 0', 'executed 3']);
    expect(log.filter((entry) => !entry.startsWith('executed'))).toEqual(['answered 0', 'answered 3', 'read']);
  });

  it('matches answers to questions by number, in whichever order they arrive', async () => {
    const ports = wire((message) => 'value' in (message as object) && (message as { id: number }).id > 1);
    const remote = await connected(referenceTransformer({ topology }), ports);
    const generation = await remote.condition(conditions, plan);
    const asked = [0, 3].map((step) => generation.execute(callAt(step)));
    await settled();
    expect(ports.held).toHaveLength(2);
    ports.held.toReversed().forEach((deliver) => deliver());
    const [first, second] = await Promise.all(asked);
    const own = await referenceTransformer({ topology }).condition(conditions, plan);
    expect(first!.output).toEqual((await own.execute(callAt(0))).output);
    expect(second!.output).toEqual((await own.execute(callAt(3))).output);
  });

  it('takes texts that are the same for the same', async () => {
    const seen: Conditions[] = [];
    const model = referenceTransformer({ topology });
    const remote = await connected({
      ...model,
      condition: (...args) => {
        seen.push(args[0]);
        return model.condition(...args);
      },
    });
    const [text, other] = [1, 2].map((value) => ({ values: Float32Array.of(value), tokens: 1 }));
    await remote.condition({ timesteps: conditions.timesteps, images: [text!, other!, text!] }, plan);
    expect(new Set(seen[0]!.images).size).toBe(2);
  });
});

describe('what is thrown at the other end', () => {
  const failing = (cause: unknown) =>
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- anything can be thrown
    connected(changed(referenceTransformer({ topology }), () => ({ execute: () => Promise.reject(cause) })));
  const thrownBy = async (cause: unknown): Promise<unknown> =>
    (await (await failing(cause)).condition(conditions, plan)).execute(callAt(0)).catch((thrown: unknown) => thrown);

  it('keeps class, code, message and the place where it was thrown', async () => {
    const cause = new ProCacheError('out-of-memory', 'not enough memory; take fewer images at once');
    const thrown = await thrownBy(cause);
    expect(thrown).toBeInstanceOf(ProCacheError);
    expect(thrown).toMatchObject({ code: 'out-of-memory', message: cause.message, stack: cause.stack });
    const plain = await thrownBy(new Error('a mistake'));
    expect(plain).not.toBeInstanceOf(ProCacheError);
    expect(plain).toMatchObject({ name: 'Error', message: 'a mistake' });
    expect(await thrownBy('text')).toMatchObject({ name: 'Error', message: 'text' });
  });

  it('is told with the step, as of a transformer here', async () => {
    const model = await failing(new ProCacheError('out-of-memory', 'not enough memory'));
    const step = withDenoiser({ transformer: model, plan, conditions }, (denoise) => denoise(latent, 0));
    await expect(step).rejects.toMatchObject({ code: 'out-of-memory', message: "step 0 ('#'): not enough memory" });
  });

  it('when it opens is thrown where it is asked for', async () => {
    const { near, far } = wire();
    serveTransformer(far, Promise.reject(new ProCacheError('invalid-model', 'x.pt: is a folder')));
    await expect(remoteTransformer(near)).rejects.toMatchObject({
      code: 'invalid-model',
      message: 'x.pt: is a folder',
    });
  });

  it('says what cannot be sent, on the way there and back, and goes on', async () => {
    const remote = await connected(
      changed(referenceTransformer({ topology }), (own) => ({
        execute: async (call) =>
          call.step === 0 ? { ...(await own.execute(call)), output: (() => 0) as never } : own.execute(call),
      })),
    );
    const generation = await remote.condition(conditions, plan);
    const odd = { ...callAt(3), latent: (() => 0) as never };
    await expect(generation.execute(odd)).rejects.toThrow('could not be cloned');
    await expect(generation.execute(callAt(0))).rejects.toThrow('could not be cloned');
    await expect(generation.execute(callAt(3))).resolves.toBeDefined();
  });
});

describe('what ends', () => {
  it('a lost end rejects all that waits for it and all that comes later, and disposing is quiet', async () => {
    const ports = wire((message) => (message as { id: number }).id > 1);
    const served = referenceTransformer({ topology });
    let isDisposed = false;
    const remote = await connected({ ...served, dispose: async () => void (isDisposed = true) }, ports);
    const generation = await remote.condition(conditions, plan);
    const waiting = [generation.execute(callAt(0)), generation.read(0), remote.prepare([plan])];
    const reason = new ProCacheError('execution-failed', 'the worker thread ended with code 1');
    ports.lose(reason);
    for (const asked of waiting) await expect(asked).rejects.toBe(reason);
    await expect(generation.execute(callAt(3))).rejects.toBe(reason);
    await expect(remote.condition(conditions, plan)).rejects.toBe(reason);
    await expect(generation.dispose()).resolves.toBeUndefined();
    await expect(remote.dispose()).resolves.toBeUndefined();
    await settled();
    expect(isDisposed).toBe(true); // what was served has ended too
  });

  it('a feature is released once, and used no more', async () => {
    const served = referenceTransformer({ topology });
    const generation = await (await connected(served)).condition(conditions, plan);
    const { features } = await generation.execute(callAt(0));
    const [id, handle] = [...features][0]!;
    generation.release(handle);
    expect(() => generation.release(handle)).toThrow('released twice');
    await expect(generation.read(handle)).rejects.toThrow('used after its release');
    const next = { ...callAt(1), features: new Map([[id, [handle]]]) };
    await expect(generation.execute(next)).rejects.toThrow('used after its release');
    expect(served.live).toBe(features.size - 1);
  });

  it('a generation that is disposed of frees what it held, and is of no use then', async () => {
    const served = referenceTransformer({ topology });
    const generation = await (await connected(served)).condition(conditions, plan);
    await generation.execute(callAt(0));
    await generation.dispose();
    expect(served.live).toBe(0);
    await expect(generation.execute(callAt(3))).rejects.toThrow('the generation has been disposed of');
  });

  it('a transformer that is disposed of ends the step under way first', async () => {
    const log: string[] = [];
    const served = changed(referenceTransformer({ topology }), (own) => ({
      async execute(call) {
        await settled();
        log.push('executed');
        return own.execute(call);
      },
    }));
    const remote = await connected({ ...served, dispose: async () => void log.push('disposed') });
    const generation = await remote.condition(conditions, plan);
    const step = generation.execute(callAt(0));
    const disposed = remote.dispose();
    await expect(generation.execute(callAt(3))).rejects.toMatchObject({
      code: 'execution-failed',
      message: 'the transformer has been disposed of; open it again',
    });
    await expect(step).resolves.toBeDefined();
    await Promise.all([disposed, remote.dispose(), generation.dispose()]);
    expect(log).toEqual(['executed', 'disposed']);
  });
});
