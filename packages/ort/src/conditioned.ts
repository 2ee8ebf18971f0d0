import {
  type BranchId,
  type Conditioned,
  type FeatureId,
  type Plan,
  ProCacheError,
  type StepCall,
  type StepResult,
  type Tokens,
} from '@procache/core';
import { messageOf } from '@procache/core/untrusted';
import { chosenTokens, StepInputs, stepOutputs, type TransformerModel } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { TextContexts } from './contexts.ts';
import { floatsOf } from './floats-of.ts';
import type { OrtHost } from './host.ts';
import type { Modulations } from './modulations.ts';
import type { ProgramStore } from './programs.ts';
import { inputTensors } from './tensors-of.ts';

export interface OrtConditionedParts {
  readonly model: TransformerModel;
  readonly host: OrtHost;
  readonly programs: ProgramStore;
  readonly modulations: Modulations;
  readonly contexts: TextContexts;
  readonly plan: Plan;
  /** Throws once the transformer has been disposed of, and its sessions with it. */
  readonly checkOpen: () => void;
}

/** One generation on ONNX Runtime. It owns the modulations, and every tensor that it has handed out. */
export class OrtConditioned implements Conditioned<Tensor> {
  readonly #parts: OrtConditionedParts;
  readonly #alive = new Set<Tensor>();
  readonly #inputs: StepInputs;
  #disposed = false;

  constructor(parts: OrtConditionedParts) {
    this.#parts = parts;
    this.#inputs = new StepInputs(parts.model, (step) => parts.modulations.at(step));
  }

  async execute(call: StepCall<Tensor>): Promise<StepResult<Tensor>> {
    const { host, programs, modulations, contexts, checkOpen } = this.#parts;
    modulations.discardBefore(call.step);
    checkOpen();
    const runner = programs.runner(call.plan.program);
    const { made, lent } = await this.#inputs.of(runner.program, call);
    const feeds = { ...inputTensors(host, made), ...lent, ...contexts.feeds((input) => runner.takes(input)) };
    checkOpen();
    const outputs = stepOutputs(call.plan);
    const { scores: scored, chosen: choosing } = outputs;
    const names = [outputs.output, ...outputs.features.values(), ...scored.values(), ...choosing.values()];
    const results = await runner.run(feeds, names).catch((cause: unknown) => {
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
    for (const [branch, name] of scored) scores.set(branch, await floatsOf(results[name]!, 'freed'));
    const chosen = new Map<BranchId, Tokens>();
    for (const [branch, name] of choosing) {
      const { count } = call.within!.choices.get(branch)!;
      chosen.set(branch, chosenTokens(await floatsOf(results[name]!, 'freed'), count));
    }
    return { output: await floatsOf(results[outputs.output]!, 'freed'), features, scores, chosen };
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

function runError(cause: unknown): never {
  const message = messageOf(cause);
  const exhausted = /alloc|out of memory/i.test(message);
  const advice = exhausted
    ? "not enough memory; take fewer images at once, or open the model with memory: 'low': "
    : '';
  throw new ProCacheError(exhausted ? 'out-of-memory' : 'execution-failed', `${advice}${message}`, { cause });
}
