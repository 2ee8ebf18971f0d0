import { parentPort, workerData } from 'node:worker_threads';
import { type Conditioned, type FeatureId, type Plan, ProCacheError } from '@procache/core';
import type { Answer, Handle, Request, SharedOptions } from './messages.ts';
import { telemetryIsSettled } from './telemetry.ts';
import { type NodeTransformer, openTransformer } from './transformer.ts';

/** One generation, with its features by number. */
interface Generation {
  readonly conditioned: Conditioned<unknown>;
  readonly plan: Plan;
  readonly features: Map<Handle, unknown>;
}

telemetryIsSettled(); // by the thread that has started this one
const { path, options } = workerData as { readonly path: string; readonly options: SharedOptions };
const opening: Promise<NodeTransformer> = openTransformer(path, options);
const generations = new Map<number, Generation>();
let numbers = 0;

// Requests are answered one after another, in the order in which they came.
let busy: Promise<void> = opening.then(
  () => undefined,
  () => undefined,
);
parentPort!.on('message', (request: Request) => {
  busy = busy.then(async () => parentPort!.postMessage(await answer(request)));
});

async function answer(request: Request): Promise<Answer> {
  try {
    return { id: request.id, value: await perform(request, await opening) };
  } catch (cause) {
    const code = cause instanceof ProCacheError ? cause.code : 'execution-failed';
    return { id: request.id, error: { code, message: cause instanceof Error ? cause.message : String(cause) } };
  }
}

async function perform(request: Request, transformer: NodeTransformer): Promise<unknown> {
  switch (request.ask) {
    case 'hoists':
      return transformer.hoists;
    case 'prepare':
      return transformer.prepare(request.plans);
    case 'condition': {
      const { conditions, plan } = request;
      generations.set(numbers, {
        conditioned: await transformer.condition(conditions, plan),
        plan,
        features: new Map(),
      });
      return numbers++;
    }
    case 'execute':
      return execute(request, generations.get(request.generation)!);
    case 'release': {
      const generation = generations.get(request.generation);
      if (generation) release(generation, request.handle);
      return undefined;
    }
    case 'end':
      await generations.get(request.generation)?.conditioned.dispose();
      generations.delete(request.generation);
      return undefined;
    case 'dispose':
      return transformer.dispose();
  }
}

async function execute(
  { step, latent, features, tokens }: Extract<Request, { ask: 'execute' }>,
  generation: Generation,
): Promise<unknown> {
  const lent = new Map(
    [...features].map(([id, handles]) => [id, handles.map((handle) => generation.features.get(handle))]),
  );
  const result = await generation.conditioned.execute({
    step,
    plan: generation.plan.steps[step]!,
    latent,
    features: lent,
    tokens,
  });
  const handles = new Map<FeatureId, Handle>();
  for (const [id, feature] of result.features) {
    generation.features.set(numbers, feature);
    handles.set(id, numbers++);
  }
  return { ...result, features: handles };
}

function release({ conditioned, features }: Generation, handle: Handle): void {
  conditioned.release(features.get(handle));
  features.delete(handle);
}
