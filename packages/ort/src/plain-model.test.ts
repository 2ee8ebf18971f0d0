import { modelOfShape } from '@procache/model';
import { type InferenceSession, Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { type OrtHost, openPlainModel } from './index.ts';

/** A host that computes nothing, and keeps what it was asked for. */
function idleHost(): { readonly host: OrtHost; readonly asked: readonly string[] } {
  const asked: string[] = [];
  const session: InferenceSession = {
    run: (feeds: InferenceSession.FeedsType) => {
      const given = Object.entries(feeds).map(([name, { type, dims }]) => `${name} ${type} ${dims.join('x')}`);
      asked.push(`run ${given.join(', ')}`);
      return Promise.resolve({ output: new Tensor('float32', [], [0]) });
    },
    release: () => {
      asked.push('release');
      return Promise.resolve();
    },
    startProfiling: () => undefined,
    endProfiling: () => undefined,
    inputNames: [],
    outputNames: [],
    inputMetadata: [],
    outputMetadata: [],
  };
  const host: OrtHost = {
    Tensor,
    open: (_, residence) => {
      asked.push(`open ${residence}`);
      return Promise.resolve(session);
    },
    free: () => void asked.push('free'),
  };
  return { host, asked };
}

describe('openPlainModel', () => {
  it('evaluates a batch once when it is opened, and as often as it is asked to; frees what comes out', async () => {
    const { host, asked } = idleHost();
    const model = await modelOfShape('dit-s/2');
    const plain = await openPlainModel(host, model, { conditions: [1, 2, 1000], timestep: 999 });
    const run = expect.stringMatching(/^run latent float32 3x4x32x32, (?=.*timesteps)(?=.*labels)/);
    expect(asked).toEqual(['open packed', run, 'free']);
    await plain.evaluate();
    await plain.close();
    expect(asked.slice(3)).toEqual([run, 'free', 'release']);
  });
});
