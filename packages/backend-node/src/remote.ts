import { Worker } from 'node:worker_threads';
import {
  type Conditioned,
  type Conditions,
  type FeatureId,
  type Plan,
  ProCacheError,
  type StepCall,
  type StepResult,
  type Transformer,
} from '@procache/core';
import type { TransformerModel } from '@procache/model';
import type { Answer, Handle, Request, RequestBody, SharedOptions } from './messages.ts';
import { settleTelemetry } from './telemetry.ts';

/**
 * A transformer that computes in a worker thread, behind the same interface.
 *
 * Features stay in the worker; here they are numbers. Only latents, outputs, scores and token
 * choices cross between the threads.
 */
export async function remoteTransformer(
  path: string,
  options: SharedOptions,
  model: TransformerModel,
): Promise<Transformer<unknown>> {
  const { threads, memory, config, unchangedSince } = options;
  await settleTelemetry();
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { path, options: { threads, memory, config, unchangedSince } },
    execArgv: [], // flags that the process was started with, such as loaders, are for the program's own files
  });
  const line = new Line(worker);
  const hoists = await line.ask<boolean>({ ask: 'hoists' }).catch(async (cause: unknown) => {
    await line.close().catch(() => undefined); // which has the same to say
    throw cause;
  });
  return {
    topology: model.topology,
    latent: model.latent,
    hoists,
    prepare: async (plans) => {
      await line.ask({ ask: 'prepare', plans });
    },
    condition: async (conditions, plan) => condition(line, conditions, plan),
    dispose: () => line.close(),
  };
}

async function condition(line: Line, conditions: Conditions, plan: Plan): Promise<Conditioned<unknown>> {
  const generation = await line.ask<number>({ ask: 'condition', conditions, plan });
  return {
    async execute(call: StepCall<unknown>): Promise<StepResult<unknown>> {
      const { step, latent, tokens } = call;
      const features = call.features as ReadonlyMap<FeatureId, readonly Handle[]>;
      return line.ask<StepResult<Handle>>({ ask: 'execute', generation, step, latent, tokens, features });
    },
    release: (handle) => void line.ask({ ask: 'release', generation, handle: handle as Handle }).catch(() => undefined),
    dispose: async () => {
      if (!line.isClosed) await line.ask({ ask: 'end', generation }); // else it has ended with the rest
    },
  };
}

/** Requests and answers, matched by number. */
class Line {
  readonly #worker: Worker;
  readonly #waiting = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (cause: unknown) => void }
  >();
  #asked = 0;
  #broken: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answer: Answer) => this.#settle(answer));
    worker.on('error', (cause) => this.#break(cause));
    worker.on('exit', (code) =>
      this.#break(new ProCacheError('execution-failed', `the worker thread ended with code ${code}`)),
    );
    worker.unref(); // an idle worker does not keep the process alive; a question in flight does
  }

  ask<R>(body: RequestBody): Promise<R> {
    if (this.#broken) return Promise.reject(this.#broken);
    const request: Request = { ...body, id: this.#asked++ };
    return new Promise<R>((resolve, reject) => {
      this.#waiting.set(request.id, { resolve: (value) => resolve(value as R), reject });
      this.#worker.ref();
      this.#worker.postMessage(request);
    });
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Takes no more questions, and ends the thread once it has answered all; to end it in the middle of a run would end
   * the process.
   */
  close(): Promise<void> {
    this.#closing ??= this.#disposeAndEnd();
    return this.#closing;
  }

  async #disposeAndEnd(): Promise<void> {
    const disposed = this.ask({ ask: 'dispose' });
    this.#broken ??= new ProCacheError('execution-failed', 'the transformer has been disposed of; open it again');
    try {
      await disposed; // the last to be answered
    } finally {
      await this.#worker.terminate();
    }
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ('error' in answer) waiting?.reject(new ProCacheError(answer.error.code, answer.error.message));
    else waiting?.resolve(answer.value);
  }

  #break(cause: Error): void {
    this.#broken ??= cause;
    for (const { reject } of this.#waiting.values()) reject(this.#broken);
    this.#waiting.clear();
  }
}
