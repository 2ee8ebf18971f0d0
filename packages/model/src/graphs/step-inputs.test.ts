import {
  byName,
  type Conditions,
  hoist,
  type Plan,
  planOf,
  type StepCall,
  type Transformer,
  withDenoiser,
} from '@procache/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import type { TransformerModel } from '../model.ts';
import { openModel } from '../open-model.ts';
import { interpret } from '../testing/onnx-interpreter.ts';
import { type PlainTensor, tensor } from '../testing/plain-tensor.ts';
import { StepInputs } from './step-inputs.ts';
import { stepOutputs } from './step-outputs.ts';

const [DEPTH, HIDDEN, STEPS] = [3, 8, 6];
const conditions: Conditions = { timesteps: [900, 700, 500, 300, 200, 100], images: [0, 1] };
let model: TransformerModel;

/** Numbers in -1 to 1 that look like none in particular. */
const noise = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));

beforeAll(async () => {
  const linear = (name: string, out: number, inner: number) => ({
    [`${name}.weight`]: [out, inner],
    [`${name}.bias`]: [out],
  });
  const shapes: Record<string, number[]> = {
    pos_embed: [1, 4, HIDDEN],
    'x_embedder.proj.weight': [HIDDEN, 1, 2, 2],
    'x_embedder.proj.bias': [HIDDEN],
    'y_embedder.embedding_table.weight': [3, HIDDEN],
    ...linear('t_embedder.mlp.0', HIDDEN, 16),
    ...linear('t_embedder.mlp.2', HIDDEN, HIDDEN),
    ...linear('final_layer.adaLN_modulation.1', 2 * HIDDEN, HIDDEN),
    ...linear('final_layer.linear', 4, HIDDEN),
  };
  for (let i = 0; i < DEPTH; i++)
    Object.assign(
      shapes,
      linear(`blocks.${i}.attn.qkv`, 3 * HIDDEN, HIDDEN),
      linear(`blocks.${i}.attn.proj`, HIDDEN, HIDDEN),
      linear(`blocks.${i}.mlp.fc1`, 4 * HIDDEN, HIDDEN),
      linear(`blocks.${i}.mlp.fc2`, HIDDEN, 4 * HIDDEN),
      linear(`blocks.${i}.adaLN_modulation.1`, 6 * HIDDEN, HIDDEN),
    );
  const tensors = Object.entries(shapes).map(([name, shape], seed) => {
    const data = noise(
      shape.reduce((a, b) => a * b),
      seed,
    ).map((value) => value / 3);
    return [name, { shape, data }] as const;
  });
  const source = bytesSource('tiny.safetensors', writeSafetensors(new Map(tensors)));
  model = await openModel(await openCheckpoint(source), { num_heads: 2 });
});

/** The modulations of a step: those of each image its own. */
const modulationAt = (step: number) =>
  Promise.resolve(conditions.images.map((_, image) => noise(model.stream.entries * HIDDEN, 10 * step + image)));

/** The transformer whose graphs are interpreted, which refuses inputs that they do not have and extents that differ. */
function interpreted(): Transformer<PlainTensor> {
  const graphs = new Map<string, ReturnType<typeof interpret>>();
  const nothing = () => Promise.resolve();
  return {
    topology: model.topology,
    latent: model.latent,
    hoists: true,
    prepare: nothing,
    dispose: nothing,
    condition: async () => {
      const inputs = new StepInputs(model, modulationAt);
      return {
        async execute(call) {
          const { program } = call.plan;
          const { made, lent } = await inputs.of(program, call);
          const graph = graphs.get(program.key) ?? interpret(model.stepGraph([program]));
          graphs.set(program.key, graph);
          const { output, features, scores } = stepOutputs(call.plan);
          const own = Object.entries(made).map(
            ([name, { shape, data }]) => [name, tensor(shape, Array.from(data, Number))] as const,
          );
          const results = (await graph)({ ...Object.fromEntries(own), ...lent }, [
            output,
            ...features.values(),
            ...scores.values(),
          ]);
          const floats = (name: string) => Float32Array.from(results[name]!.data);
          return {
            output: floats(output),
            features: new Map([...features].map(([id, name]) => [id, results[name]!])),
            scores: new Map([...scores].map(([id, name]) => [id, floats(name)])),
          };
        },
        read: (feature) => Promise.resolve(Float32Array.from(feature.data)),
        release: () => undefined,
        dispose: nothing,
      };
    },
  };
}

const planFor = (name: string): Plan => planOf(byName(name, model.topology, STEPS), model.topology);
const latent = noise(2 * 16, 99);

describe('the inputs of a step', () => {
  it.each(['uncached', 'fora-2', 'toca-3', 'duca-3', 'taylorseer-3-2', 'taylorseer-lite-3-2'])(
    'of %s are those that its graphs have, and say the same hoisted',
    async (name) => {
      const outputsOf = async (hoisted: boolean) => {
        const all: number[] = [];
        await withDenoiser(
          { transformer: interpreted(), plan: planFor(name), conditions, hoisted },
          async (denoise) => {
            for (let step = 0; step < STEPS; step++) all.push(...(await denoise(latent, step)));
          },
        );
        return all;
      };
      const [plain, hoisted] = [await outputsOf(false), await outputsOf(true)];
      plain.forEach((value, i) => expect(hoisted[i]).toBeCloseTo(value, 4));
    },
  );

  it('are gate times weight for branches, and the weight alone for what has no gate', async () => {
    const callOf = (plan: Plan, step: number): StepCall<never> => {
      const tokens = new Map();
      return { step, plan: plan.steps[step]!, latent, features: new Map(), tokens };
    };
    const inputs = new StepInputs(model, modulationAt);
    const foldOf = async (name: string) => {
      const plan = planFor(name);
      const step = plan.steps.findLastIndex(({ ops: [first] }) => first?.op === 'fold');
      const { made } = await inputs.of(plan.steps[step]!.program, callOf(plan, step));
      const folds = plan.steps[step]!.ops.filter((op) => op.op === 'fold');
      const terms = folds.flatMap((fold) =>
        fold.terms.flatMap(({ feature, weights }) => weights.map((weight) => ({ feature, weight }))),
      );
      const { data, shape } = made['coefficients']!;
      expect(shape).toEqual([terms.length, 2, 1, HIDDEN]);
      return {
        terms,
        modulation: await modulationAt(step),
        numberAt: (...[term, image, d]: readonly number[]) => data[(term! * 2 + image!) * HIDDEN + d!],
      };
    };
    const branches = await foldOf('taylorseer-3-2');
    branches.terms.forEach(({ feature, weight }, term) => {
      const gate = model.gateOf(feature as '0.attn')!;
      branches.modulation.forEach((own, image) => {
        for (let d = 0; d < HIDDEN; d++)
          expect(branches.numberAt(term, image, d)).toBe(Math.fround(own[gate * HIDDEN + d]! * weight));
      });
    });
    const spans = await foldOf('taylorseer-lite-3-2');
    spans.terms.forEach(({ weight }, term) => expect(spans.numberAt(term, 1, 3)).toBe(Math.fround(weight)));
  });

  it('are written into the same arrays step after step', async () => {
    const inputs = new StepInputs(model, modulationAt);
    const plan = hoist(planFor('fora-2'));
    const made = async (step: number) => {
      const call: StepCall<never> = { step, plan: plan.steps[step]!, latent, features: new Map(), tokens: new Map() };
      return (await inputs.of(plan.steps[step]!.program, call)).made;
    };
    const [first, ...others] = [...plan.steps.keys()].filter((step) => plan.steps[step]!.ops[0]?.op === 'run');
    const [one, other] = [await made(first!), await made(others[0]!)];
    expect(other['modulation']!.data).toBe(one['modulation']!.data);
    expect(one['latent']!.data).toBe(latent);
  });

  it('count rows over the streams of all images', async () => {
    const plan = planFor('toca-3');
    const at = plan.steps.findIndex(({ ops }) => ops.some((op) => op.op === 'refresh'));
    const op = plan.steps[at]!.ops.find((each) => each.op === 'refresh')!;
    const tokens = new Map([[op.branch, { count: 2, indices: Int32Array.of(0, 3, 1, 2) }]]);
    const call: StepCall<never> = { step: at, plan: plan.steps[at]!, latent, features: new Map(), tokens };
    const { made } = await new StepInputs(model, modulationAt).of(plan.steps[at]!.program, call);
    expect(made[`rows ${op.branch}`]).toEqual({ type: 'int64', shape: [2, 2], data: BigInt64Array.of(0n, 3n, 5n, 6n) });
  });
});

it('outputs say what becomes of them: features are handed back, the output and scores are read', () => {
  for (const plan of [planFor('toca-3'), hoist(planFor('toca-3'))]) {
    for (const step of plan.steps) {
      const { output, features, scores } = stepOutputs(step);
      const roles = new Map(model.stepGraph([step.program]).outputs.map(({ name, role }) => [name, role]));
      expect(roles.get(output)).toBe('output');
      for (const name of features.values()) expect(roles.get(name)).toBe('feature');
      for (const name of scores.values()) expect(roles.get(name)).toBe('score');
      expect(roles.size).toBe(1 + features.size + scores.size);
    }
  }
  for (const { outputs } of model.modulationGraphs()) expect(outputs.map(({ role }) => role)).toEqual(['output']);
});
