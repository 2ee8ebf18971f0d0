import { type Conditioned, type Conditions, hoist, type Plan, type Transformer } from '@procache/core';
import type { TransformerModel } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import { OrtConditioned } from './conditioned.ts';
import { TextContexts } from './contexts.ts';
import type { OrtHost, Residence } from './host.ts';
import { Lifetime } from './lifetime.ts';
import { Modulations } from './modulations.ts';
import { Prelude, type PreludeLimits } from './prelude.ts';
import { ProgramStore } from './programs.ts';

export interface OrtTransformerOptions {
  /** `'mapped'` trades speed for memory: see `Residence`. */
  readonly residence?: Residence;
  /** Bytes of weights from which on two programs share a graph, 64 MiB by default: see `sharedGraphs`. */
  readonly joinsFrom?: number;
  /** How much memory is taken before the first step; lower limits take longer. */
  readonly prelude?: PreludeLimits;
  /** Called when the transformer is disposed of: closes the files that its weights lie in. */
  readonly onDispose?: () => Promise<void>;
}

/**
 * The largest feature of one image, in bytes, for which runs add up ahead.
 *
 * Adding up touches each sum once per feature. In the cache that is cheaper than storing and reading
 * back all features; for large ones it is not, and takes less memory only (docs/performance.md).
 */
const HOISTED_BYTES = 256 * 1024;

/** Whether the transformer of a model follows hoisted plans: where its features are small, or memory is. */
export function hoistsPlans({ stream }: TransformerModel, residence: Residence = 'packed'): boolean {
  return residence === 'mapped' || 4 * stream.tokens * stream.width <= HOISTED_BYTES;
}

/** A transformer that ONNX Runtime computes: each step program one graph, each step one run. */
export function ortTransformer(
  model: TransformerModel,
  host: OrtHost,
  options: OrtTransformerOptions = {},
): Transformer<Tensor> {
  const residence = options.residence ?? 'packed';
  const hoists = hoistsPlans(model, residence);
  // Mapped weights are shared by all sessions; and an idle lane is given empty tensors.
  const joins = residence !== 'mapped' && host.emptyTensors !== false;
  const programs = new ProgramStore(model, host, { residence, joinsFrom: joins ? options.joinsFrom : Infinity });
  const prelude = new Prelude(model, host, options.prelude);
  const lifetime = new Lifetime('transformer');
  const checkOpen = (): void => lifetime.check();
  return {
    topology: model.topology,
    latent: model.latent,
    hoists,
    async prepare(plans) {
      checkOpen();
      await programs.prepare(hoists ? plans.map(hoist) : plans);
    },
    async condition(conditions, plan) {
      checkOpen();
      return condition({ model, host, programs, prelude, checkOpen }, conditions, plan);
    },
    async dispose() {
      await lifetime.end();
      await programs.dispose();
      await prelude.dispose();
      await options.onDispose?.();
    },
  };
}

/** What generations of one transformer share. */
interface Shared {
  readonly model: TransformerModel;
  readonly host: OrtHost;
  readonly programs: ProgramStore;
  readonly prelude: Prelude;
  /** Throws once the transformer has been disposed of. */
  readonly checkOpen: () => void;
}

async function condition(shared: Shared, conditions: Conditions, plan: Plan): Promise<Conditioned<Tensor>> {
  const { model, programs, checkOpen } = shared;
  model.checkConditions(conditions.images);
  const modulations = new Modulations(shared, conditions);
  // First, and alone: their weights are let go of before those of the steps are loaded.
  await modulations.at(0);
  const contexts = await TextContexts.of(shared, conditions.images);
  try {
    await programs.hold(plan);
    checkOpen();
  } catch (cause) {
    contexts.dispose();
    throw cause;
  }
  return new OrtConditioned({ ...shared, modulations, contexts, plan });
}
