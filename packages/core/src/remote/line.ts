import { ProCacheError } from '../errors.ts';
import { type Answer, type Answers, errorOf, type Question, type Request } from './messages.ts';
import type { Port } from './port.ts';

interface Waiting {
  readonly resolve: (value: Answers[keyof Answers]) => void;
  readonly reject: (cause: Error) => void;
}

/** Questions to the other end and their answers, matched by number. */
export class Line {
  readonly #port: Port;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  /** Why nothing more can be asked. */
  #end: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(port: Port) {
    this.#port = port;
    port.onMessage((message) => this.#settle(message as Answer));
    port.onClosed((reason) => this.#lose(reason));
  }

  /** Whether everything at the other end has ended, or is about to. */
  get isClosed(): boolean {
    return this.#end !== undefined;
  }

  /** Rejects with what was thrown at the other end, and with the reason where that is lost. */
  ask<Q extends Question>(question: Q): Promise<Answers[Q['ask']]> {
    if (this.#end) return Promise.reject(this.#end);
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      try {
        this.#port.post({ ...question, id } satisfies Request);
      } catch (cause) {
        this.#waiting.delete(id);
        throw cause; // which rejects
      }
    });
  }

  /** Takes no more questions, and disposes of the transformer once all that were asked are answered. */
  close(): Promise<void> {
    this.#closing ??= this.#end ? Promise.resolve() : this.#dispose();
    return this.#closing;
  }

  async #dispose(): Promise<void> {
    const disposed = this.ask({ ask: 'dispose' });
    this.#end = new ProCacheError('execution-failed', 'the transformer has been disposed of; open it again');
    await disposed;
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('thrown' in answer) waiting?.reject(errorOf(answer.thrown));
    else waiting?.resolve(answer.value);
  }

  #lose(reason: Error): void {
    this.#end ??= reason;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}
