import {
  type BranchId,
  type Conditioned,
  type FeatureId,
  isPack,
  type Plan,
  ProCacheError,
  type StepCall,
  type StepResult,
  writesOf,
} from '@procache/core';
import { aheadOf, outputOf, scoreOf, type TransformerModel } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { Contexts } from './contexts.ts';
import { feedsOf } from './feeds.ts';
import { floatsOf } from './floats-of.ts';
import type { OrtHost } from './host.ts';
import type { Modulations } from './modulations.ts';
import type { ProgramStore } from './programs.ts';
import { Scratch } from './scratch.ts';

export interface OrtConditionedParts {
  readonly model: TransformerModel;
  readonly host: OrtHost;
  readonly programs: ProgramStore;
  readonly modulations: Modulations;
  readonly contexts: Contexts;
  readonly plan: Plan;
  /** Throws once the transformer has been disposed of, and its sessions with it. */
  readonly checkOpen: () => void;
}

/** One generation on ONNX Runtime. It owns the modulations, and every tensor that it has handed out. */
export class OrtConditioned implements Conditioned<Tensor> {
  readonly #parts: OrtConditionedParts;
  readonly #alive = new Set<Tensor>();
  readonly #scratch = new Scratch();
  #disposed = false;

  constructor(parts: OrtConditionedParts) {
    this.#parts = parts;
  }

  async execute(call: StepCall<Tensor>): Promise<StepResult<Tensor>> {
    const { model, host, programs, modulations, contexts, checkOpen } = this.#parts;
    modulations.discardBefore(call.step);
    checkOpen();
    const runner = programs.runner(call.plan.program);
    const feeds = {
      ...(await feedsOf({ model, host, modulations, program: runner.program, scratch: this.#scratch }, call)),
      ...contexts.feeds((input) => runner.takes(input)),
    };
    checkOpen();
    const outputs = outputsOf(call);
    const results = await runner.run(feeds, outputs.names).catch((cause: unknown) => {
      checkOpen(); // what a session says that has been released
      return runError(cause);
    });
    const features = new Map<FeatureId, Tensor>();
    for (const [feature, name] of outputs.features) {
      const tensor = results[name]!;
      features.set(feature, tensor);
      this.#alive.add(tensor);
    }
    const scores = new Map<BranchId, Float32Array>();
    for (const branch of outputs.scores) scores.set(branch, await floatsOf(results[scoreOf(branch)]!, 'freed'));
    return { output: await floatsOf(results['output']!, 'freed'), features, scores };
  }

  async read(feature: Tensor): Promise<Float32Array> {
    if (!this.#alive.has(feature)) throw new Error('a feature was read after its release');
    return floatsOf(feature, 'kept');
  }

  release(tensor: Tensor): void {
    if (this.#alive.delete(tensor)) this.#parts.host.free(tensor);
  }

  dispose(): Promise<void> {
    for (const tensor of this.#alive) this.#parts.host.free(tensor);
    this.#alive.clear();
    if (!this.#disposed) this.#parts.programs.release(this.#parts.plan);
    this.#disposed = true;
    this.#parts.modulations.dispose();
    this.#parts.contexts.dispose();
    return Promise.resolve();
  }
}

interface Outputs {
  readonly names: readonly string[];
  /** The features that the step writes, by the name of the output. */
  readonly features: ReadonlyMap<FeatureId, string>;
  readonly scores: readonly BranchId[];
}

/** What a step asks of its session, which may be able to give more. */
function outputsOf({ plan: { ops } }: StepCall<Tensor>): Outputs {
  const packs = ops.filter((op) => op.op === 'run').map(({ ahead }) => ahead?.pack);
  const nameOf = (feature: FeatureId) => (isPack(feature) ? aheadOf(packs.indexOf(feature)) : outputOf(feature));
  const features = new Map(writesOf(ops).map(({ feature }) => [feature, nameOf(feature)]));
  const scores = ops.flatMap((op) => (op.op === 'run' ? op.watch : []));
  return { features, scores, names: ['output', ...features.values(), ...scores.map(scoreOf)] };
}

function runError(cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause);
  const exhausted = /alloc|out of memory/i.test(message);
  const advice = exhausted
    ? "not enough memory; take fewer images at once, or open the model with memory: 'low': "
    : '';
  throw new ProCacheError(exhausted ? 'out-of-memory' : 'execution-failed', `${advice}${message}`, { cause });
}
