import type { Conditioned, StepCall, StepResult, Transformer } from '../running/transformer.ts';
import { Line } from './line.ts';
import type { Handle } from './messages.ts';
import type { Port } from './port.ts';

/**
 * The transformer that is served at the other end of a connection (`serveTransformer`), behind the same interface.
 *
 * Features stay there; here they are numbers. Latents, outputs, scores, token choices and plans cross. What is thrown
 * there is thrown here, of the same class, code and message. Where the other end is lost, all that waits for it and all
 * that comes later is rejected with the reason.
 *
 * Its `dispose` ends what is served, after the step under way, and leaves the connection to who made it.
 */
export async function remoteTransformer(port: Port): Promise<Transformer<Handle>> {
  const line = new Line(port);
  const { topology, latent, hoists } = await line.ask({ ask: 'describe' });
  return {
    topology,
    latent,
    hoists,
    prepare: (plans) => line.ask({ ask: 'prepare', plans }),
    condition: async (conditions, plan) =>
      new RemoteConditioned(line, await line.ask({ ask: 'condition', conditions, plan })),
    dispose: () => line.close(),
  };
}

/** A generation at the other end. */
class RemoteConditioned implements Conditioned<Handle> {
  readonly #line: Line;
  readonly #generation: number;
  /** The features that were handed out and are not released. */
  readonly #alive = new Set<Handle>();

  constructor(line: Line, generation: number) {
    this.#line = line;
    this.#generation = generation;
  }

  async execute({ step, latent, features, tokens, within }: StepCall<Handle>): Promise<StepResult<Handle>> {
    const call = { generation: this.#generation, step, latent, features, tokens, ...(within && { within }) };
    const result = await this.#line.ask({ ask: 'execute', ...call });
    for (const handle of result.features.values()) this.#alive.add(handle);
    return result;
  }

  read(handle: Handle): Promise<Float32Array> {
    return this.#line.ask({ ask: 'read', generation: this.#generation, handle });
  }

  release(handle: Handle): void {
    if (!this.#alive.delete(handle)) throw new Error('a feature was released twice, or is of another generation');
    // Only a lost end can fail to, and has nothing left that could be released.
    this.#line.ask({ ask: 'release', generation: this.#generation, handle }).catch(() => undefined);
  }

  async dispose(): Promise<void> {
    this.#alive.clear();
    if (!this.#line.isClosed) await this.#line.ask({ ask: 'end', generation: this.#generation });
  }
}
