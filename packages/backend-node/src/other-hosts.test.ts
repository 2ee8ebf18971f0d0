import { fixture } from '@procache/conformance';
import { diffusionSteps, generate, planOf, type Schedule, type Transformer } from '@procache/core';
import type { OutputRole, TransformerModel } from '@procache/model';
import { type OrtHost, ortTransformer, queued } from '@procache/ort';
import { Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeHost } from './host.ts';
import { openModelFiles, type OpenedModelFiles } from './model-files.ts';

// Hosts that are as particular as those of pages are, made of the one of Node.

const steps = diffusionSteps(6);
const schedule: Schedule = {
  version: 1,
  pattern: '#.+#+.',
  legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.25, blocks: [21, 27], modules: ['mlp'] }] },
};

let opened: OpenedModelFiles;
let model: TransformerModel;
let expected: readonly Float32Array[];
beforeAll(async () => {
  opened = await openModelFiles(fixture('dit/model.safetensors'), { num_heads: 4, num_classes: 10 });
  ({ model } = opened);
  expected = await drawnWith(nodeHost({ threads: 1 }));
});
afterAll(() => opened.close());

const draw = async (transformer: Transformer<unknown>, seed: number) => {
  const plan = planOf(schedule, transformer.topology);
  const guidance = { scale: 1.5, unconditional: 10, channels: 3 };
  return (await generate(transformer, { plan, steps, conditions: [1], seeds: [seed], guidance })).latents;
};

/** What two generations at once draw, whose programs share a graph wherever the host lets them. */
async function drawnWith(host: OrtHost): Promise<readonly Float32Array[]> {
  const transformer = ortTransformer(model, host, { joinsFrom: 0 });
  try {
    return await Promise.all([draw(transformer, 1), draw(transformer, 2)]);
  } finally {
    await transformer.dispose();
  }
}

/** The host of Node with other runs. */
function nodeHostWith(
  change: (run: Run, roles: ReadonlyMap<string, OutputRole>) => Run,
  more: Partial<OrtHost> = {},
): OrtHost {
  const host = nodeHost({ threads: 1 });
  return {
    Tensor,
    free: (tensor) => host.free(tensor),
    async open(graph, residence) {
      const session = await host.open(graph, residence);
      const roles = new Map(graph.outputs.map(({ name, role }) => [name, role]));
      return {
        run: change((feeds, outputs) => session.run(feeds, outputs), roles),
        release: () => session.release(),
      };
    },
    ...more,
  };
}
type Run = Awaited<ReturnType<OrtHost['open']>>['run'];

/** Fails where one session is run while another one is. */
function oneAtATime(): OrtHost {
  let isRunning = false;
  return nodeHostWith((run) => async (feeds, outputs) => {
    if (isRunning) throw new Error('Session already started');
    isRunning = true;
    try {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return await run(feeds, outputs);
    } finally {
      isRunning = false;
    }
  });
}

describe('a host', () => {
  it('that runs one session at a time draws the same, where it is queued', async () => {
    await expect(drawnWith(oneAtATime())).rejects.toThrow('Session already started');
    expect(await drawnWith(queued(oneAtATime()))).toEqual(expected);
  });

  it('that takes no empty tensors draws the same, each program with a graph of its own', async () => {
    const refusing = (more: Partial<OrtHost>) =>
      nodeHostWith(
        (run) => (feeds, outputs) =>
          Object.values(feeds).some(({ size }) => size === 0)
            ? Promise.reject(new Error('a tensor is empty'))
            : run(feeds, outputs),
        more,
      );
    await expect(drawnWith(refusing({}))).rejects.toThrow('a tensor is empty');
    expect(await drawnWith(refusing({ emptyTensors: false }))).toEqual(expected);
    expect(await drawnWith(queued(refusing({ emptyTensors: false })))).toEqual(expected);
  });

  it.each([
    ['features', (role: OutputRole | undefined) => role === 'feature'],
    ['all outputs', () => true],
  ])(
    'that leaves %s on a device draws the same, fetches what is read, and is given everything back',
    async (_, stays) => {
      const device = deviceHost(stays);
      expect(await drawnWith(device.host)).toEqual(expected);
      expect(device.live()).toBe(0);
      expect(device.fetched.has('feature')).toBe(false);
      expect(device.fetched.size).toBe(stays('output') ? 2 : 0); // the output, and scores
    },
  );

  it('that leaves features on a device hands out their numbers', async () => {
    const [here, device] = [nodeHost({ threads: 1 }), deviceHost((role) => role === 'feature')];
    const featuresWith = async (host: OrtHost) => {
      const transformer = ortTransformer(model, host);
      const plan = planOf({ ...schedule, pattern: '#.' }, transformer.topology);
      const generation = await transformer.condition({ timesteps: [999, 500], images: [3] }, plan);
      const call = { step: 0, plan: plan.steps[0]!, features: new Map(), tokens: new Map() };
      const latent = Float32Array.from({ length: 4 * 16 * 16 }, (__, i) => Math.sin(i));
      const { features } = await generation.execute({ ...call, latent });
      const read = new Map<string, Float32Array>();
      for (const [id, feature] of features) read.set(id, Float32Array.from(await generation.read(feature)));
      // What was read is lent as before.
      const lent = new Map([...features].map(([id, feature]) => [id, [feature]]));
      const next = await generation.execute({ ...call, step: 1, plan: plan.steps[1]!, latent, features: lent });
      await generation.dispose();
      await transformer.dispose();
      return { read, output: next.output };
    };
    expect(await featuresWith(device.host)).toEqual(await featuresWith(here));
    expect(device.live()).toBe(0);
    expect(device.fetched).toEqual(new Set(['feature']));
  });
});

/** Outputs that stay are buffers of a device, which are no arrays; `live` counts those that nobody has given back. */
function deviceHost(stays: (role: OutputRole | undefined) => boolean) {
  const buffers = new Map<unknown, Tensor>();
  const fetched = new Set<OutputRole | undefined>();
  const onDevice = (tensor: Tensor, role: OutputRole | undefined): Tensor => {
    const buffer = { size: tensor.size, usage: 0, mapState: 'unmapped', destroy: () => undefined };
    buffers.set(buffer, tensor);
    return Tensor.fromGpuBuffer(buffer as never, {
      dataType: 'float32',
      dims: tensor.dims,
      download: () => {
        fetched.add(role);
        return Promise.resolve(tensor.data as Float32Array);
      },
      dispose: () => void buffers.delete(buffer),
    });
  };
  const host = nodeHostWith(
    (run, roles) => async (feeds, outputs) => {
      const own = Object.entries(feeds).map(
        ([name, tensor]) => [name, tensor.location === 'gpu-buffer' ? buffers.get(tensor.gpuBuffer)! : tensor] as const,
      );
      const results = Object.entries(await run(Object.fromEntries(own), outputs));
      return Object.fromEntries(
        results.map(([name, tensor]) => [name, stays(roles.get(name)) ? onDevice(tensor, roles.get(name)) : tensor]),
      );
    },
    { free: (tensor) => tensor.dispose() },
  );
  return { host, fetched, live: () => buffers.size };
}
