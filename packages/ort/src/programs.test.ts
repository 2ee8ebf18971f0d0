import { type Plan, planOf, programsOf, type Schedule, type StepProgram, uncached } from '@procache/core';
import {
  bytesSource,
  type OnnxGraph,
  openCheckpoint,
  openModel,
  type TransformerModel,
  writeSafetensors,
} from '@procache/model';
import { Tensor } from 'onnxruntime-common';
import { beforeAll, describe, expect, it } from 'vitest';
import type { OrtHost } from './host.ts';
import { ProgramStore } from './programs.ts';
import { sharedGraphs } from './shared-graphs.ts';

let model: TransformerModel;

beforeAll(async () => {
  model = await openModel(await openCheckpoint(bytesSource('tiny.safetensors', tinyDit(3, 8))), { num_heads: 2 });
});

/** A DiT of `depth` blocks, `hidden` wide, over 4x4 latents of one channel in patches of 2. */
function tinyDit(depth: number, hidden: number): Uint8Array {
  const shapes: Record<string, number[]> = {
    pos_embed: [1, 4, hidden],
    'x_embedder.proj.weight': [hidden, 1, 2, 2],
    'x_embedder.proj.bias': [hidden],
    'y_embedder.embedding_table.weight': [3, hidden],
    ...linear('t_embedder.mlp.0', hidden, 16),
    ...linear('t_embedder.mlp.2', hidden, hidden),
    ...linear('final_layer.adaLN_modulation.1', 2 * hidden, hidden),
    ...linear('final_layer.linear', 4, hidden),
  };
  for (let i = 0; i < depth; i++) {
    Object.assign(
      shapes,
      linear(`blocks.${i}.attn.qkv`, 3 * hidden, hidden),
      linear(`blocks.${i}.attn.proj`, hidden, hidden),
      linear(`blocks.${i}.mlp.fc1`, 4 * hidden, hidden),
      linear(`blocks.${i}.mlp.fc2`, hidden, 4 * hidden),
      linear(`blocks.${i}.adaLN_modulation.1`, 6 * hidden, hidden),
    );
  }
  const tensors = Object.entries(shapes).map(
    ([name, shape]) => [name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b)) }] as const,
  );
  return writeSafetensors(new Map(tensors));
}

function linear(name: string, out: number, inner: number): Record<string, number[]> {
  return { [`${name}.weight`]: [out, inner], [`${name}.bias`]: [out] };
}

const planFor = (schedule: Schedule) => planOf(schedule, model.topology);
const reusing = planOfPattern('#.#.#');
const selective: Schedule = {
  version: 1,
  pattern: '#.+#.',
  legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.5, blocks: [2, 2], modules: ['mlp'] }] },
  selector: { score: 'attention', bonus: 0 },
};
function planOfPattern(pattern: string): Schedule {
  return { version: 1, pattern, legend: {} };
}

/** A host that opens nothing, and remembers what is open. */
function recordingHost(failing: (graph: OnnxGraph) => boolean = () => false) {
  const open = new Set<OnnxGraph>();
  const opened: OnnxGraph[] = [];
  const host: OrtHost = {
    Tensor,
    free: () => undefined,
    open: async (graph: OnnxGraph) => {
      if (failing(graph)) throw new Error('no');
      open.add(graph);
      opened.push(graph);
      return {
        run: () => Promise.reject(new Error('it only opens')),
        release: async () => void open.delete(graph),
      };
    },
  };
  return { host, open, opened };
}

describe('sharedGraphs', () => {
  const outputsFor = (...plans: Plan[]) =>
    sharedGraphs(programsOf(...plans), model).flatMap(({ lanes }) =>
      lanes.map(({ program }) => model.stepGraph([program]).outputs.map(({ name }) => name)),
    );

  it('serves programs that differ only in what they give from one graph', () => {
    const features = ['0.attn', '0.mlp', '1.attn', '1.mlp', '2.attn', '2.mlp'].map((branch) => `feature ${branch}`);
    const [computed, ...others] = outputsFor(planFor(uncached({ steps: 5 })), planFor(selective));
    expect(new Set(computed)).toEqual(new Set(['output', ...features, 'score 2.mlp']));
    expect(others).toEqual([['output'], ['output']]); // reused, and selective: the patched feature is not read again
  });

  it('gives the uncached run a graph without a feature where it is alone', () => {
    expect(outputsFor(planFor(uncached({ steps: 5 })))).toEqual([['output']]);
  });

  it('keeps plans with different scores apart', () => {
    const other = { ...selective, selector: { score: 'value-norm', bonus: 0 } } as const;
    const scored = outputsFor(planFor(selective), planFor(other)).filter((names) => names.includes('score 2.mlp'));
    expect(scored).toHaveLength(2);
  });

  it('gives a lane of one graph to programs that share as many bytes of weights as asked', () => {
    const programs = programsOf(planFor(selective));
    const shared = model.weightBytes('2.mlp');
    const lanesFrom = (bytes: number) => sharedGraphs(programs, model, bytes).map(({ lanes }) => lanes.length);
    expect(shared).toBe(4 * (2 * 8 * 32 + 8 + 32));
    expect(lanesFrom(shared + 1)).toEqual([1, 1, 1]);
    expect(lanesFrom(shared)).toEqual([2, 1]); // computed and selective; reused steps hold no weight to share
  });

  it('holds what lanes share once', () => {
    const [joined] = sharedGraphs(programsOf(planFor(selective)), model, 1);
    const bytes = (...programs: StepProgram[]) => model.stepGraph(programs).weightBytes;
    const [computed, refreshed] = joined!.lanes.map(({ program }) => program);
    expect(bytes(computed!, refreshed!)).toBe(bytes(computed!));
  });
});

describe('ProgramStore', () => {
  it('closes what a generation no longer needs before it opens what the next one does', async () => {
    const { host, open, opened } = recordingHost();
    const store = new ProgramStore(model, host, { residence: 'packed' });
    const [first, second] = [planFor(reusing), planFor(uncached({ steps: 5 }))];
    await store.hold(first);
    expect(open.size).toBe(2);
    store.release(first);
    expect(open.size).toBe(2); // stays for the next generation of the same plan
    await store.hold(second);
    expect([open.size, opened.length]).toEqual([1, 3]);
    await store.dispose();
    expect(open.size).toBe(0);
  });

  it('keeps prepared plans open between generations', async () => {
    const { host, opened, open } = recordingHost();
    const store = new ProgramStore(model, host, { residence: 'packed' });
    const plans = [planFor(reusing), planFor(uncached({ steps: 5 }))];
    await store.prepare(plans);
    for (const plan of [...plans, ...plans]) {
      await store.hold(plan);
      store.release(plan);
    }
    expect(opened).toHaveLength(2);
    await store.dispose();
    expect(open.size).toBe(0);
  });

  it('never closes a session under a generation that is still running', async () => {
    const { host } = recordingHost();
    const store = new ProgramStore(model, host, { residence: 'packed' });
    const [first, second] = [planFor(reusing), planFor(selective)];
    await store.hold(first);
    const before = first.steps.map(({ program }) => store.runner(program).program);
    await store.hold(second);
    expect(first.steps.map(({ program }) => store.runner(program).program)).toEqual(before);
    await store.dispose();
  });

  it('goes on after a graph that could not be opened', async () => {
    let broken = true;
    const { host, open } = recordingHost(() => broken);
    const store = new ProgramStore(model, host, { residence: 'packed' });
    const plan = planFor(reusing);
    await expect(store.hold(plan)).rejects.toThrow('no');
    broken = false;
    await store.hold(plan);
    expect(open.size).toBe(2);
    await store.dispose();
    expect(open.size).toBe(0);
  });
});
