import type { Plan } from '../plan/plan.ts';
import type { Conditioned, StepResult, Transformer } from '../running/transformer.ts';
import type { FeatureId } from '../topology.ts';
import { type Answer, type Answers, type Handle, type Question, type Request, thrownData } from './messages.ts';
import type { Port } from './port.ts';

/**
 * Serves a transformer to the other end of a connection, where it is a `remoteTransformer`.
 *
 * Requests are answered one after another, in the order in which they come. It may still be opening: what makes that
 * fail is thrown at the other end. Where that is lost, the transformer is disposed of.
 */
export function serveTransformer<T>(port: Port, opening: Promise<Transformer<T>>): void {
  const served = opening.then((transformer) => new Served(transformer));
  let busy: Promise<unknown> = served.catch(() => undefined);
  port.onMessage((message) => {
    const request = message as Request;
    busy = busy.then(async () => {
      const answer = await answerTo(request, served);
      try {
        port.post(answer);
      } catch (cause) {
        port.post({ id: request.id, thrown: thrownData(cause) } satisfies Answer);
      }
    });
  });
  port.onClosed(() => {
    busy = busy.then(async () => (await served).dispose()).catch(() => undefined); // nobody is left to be told
  });
}

async function answerTo<T>(request: Request, served: Promise<Served<T>>): Promise<Answer> {
  try {
    return { id: request.id, value: await (await served).answer(request) };
  } catch (cause) {
    return { id: request.id, thrown: thrownData(cause) };
  }
}

/** One generation, with its features by number. */
interface Generation<T> {
  readonly conditioned: Conditioned<T>;
  readonly plan: Plan;
  readonly features: Map<Handle, T>;
}

class Served<T> {
  readonly #transformer: Transformer<T>;
  readonly #generations = new Map<number, Generation<T>>();
  #numbers = 0;

  constructor(transformer: Transformer<T>) {
    this.#transformer = transformer;
  }

  async answer(question: Question): Promise<Answers[keyof Answers]> {
    const { topology, latent, hoists } = this.#transformer;
    switch (question.ask) {
      case 'describe':
        return { topology, latent, hoists };
      case 'prepare':
        await this.#transformer.prepare(question.plans);
        return undefined;
      case 'condition':
        return this.#condition(question);
      case 'execute':
        return this.#execute(question);
      case 'read':
        return this.#generation(question).conditioned.read(this.#feature(question));
      case 'release':
        this.#generation(question).conditioned.release(this.#feature(question));
        this.#generation(question).features.delete(question.handle);
        return undefined;
      case 'end':
        await this.#generation(question).conditioned.dispose();
        this.#generations.delete(question.generation);
        return undefined;
      case 'dispose':
        await this.dispose();
        return undefined;
    }
  }

  dispose(): Promise<void> {
    this.#generations.clear();
    return this.#transformer.dispose();
  }

  async #condition({ conditions, plan }: Extract<Question, { readonly ask: 'condition' }>): Promise<number> {
    const conditioned = await this.#transformer.condition(conditions, plan);
    const number = this.#numbers++;
    this.#generations.set(number, { conditioned, plan, features: new Map() });
    return number;
  }

  async #execute(question: Extract<Question, { readonly ask: 'execute' }>): Promise<StepResult<Handle>> {
    const { step, latent, tokens, within } = question;
    const { conditioned, plan, features } = this.#generation(question);
    const lent = new Map(
      [...question.features].map(([id, handles]) => [
        id,
        handles.map((handle) => this.#feature({ ...question, handle })),
      ]),
    );
    const call = { step, plan: plan.steps[step]!, latent, features: lent, tokens, ...(within && { within }) };
    const result = await conditioned.execute(call);
    const handles = new Map<FeatureId, Handle>();
    for (const [id, feature] of result.features) {
      features.set(this.#numbers, feature);
      handles.set(id, this.#numbers++);
    }
    return { ...result, features: handles };
  }

  #generation({ generation }: { readonly generation: number }): Generation<T> {
    const found = this.#generations.get(generation);
    if (!found) throw new Error('the generation has been disposed of');
    return found;
  }

  #feature(of: { readonly generation: number; readonly handle: Handle }): T {
    const { features } = this.#generation(of);
    if (!features.has(of.handle)) throw new Error('a feature was used after its release, or is of another generation');
    return features.get(of.handle)!;
  }
}
