import { viewOf } from './byte-source.ts';
import { type Pickled } from './pickle-value.ts';
import { type Refuse } from './refusal.ts';
import { decodedText } from './utf8.ts';

/** Bytes that what a pickle describes may take in memory, by a rough count: a few thousand tensors take 10 MiB. */
const mostMemory = 128 * 2 ** 20;

/** What things take in memory, in bytes and rounded up: more than the numbers in V8, to be safe while arrays grow. */
export const memoryOf = {
  slot: 24,
  number: 16,
  list: 48,
  dictionary: 256,
  item: 64,
  record: 128,
  memo: 64,
} as const;

/**
 * The state of reading one pickle: the bytes still to read, the stack and the memo.
 *
 * Every access is checked, so that damaged bytes end in an error of this library; sizes are checked
 * against the bytes that are there before anything is allocated, and whatever is made is counted: a byte of a pickle
 * can ask for hundreds in memory.
 */
export class PickleMachine {
  readonly refuse: Refuse;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #memo = new Map<number, Pickled>();
  readonly #below: Pickled[][] = [];
  #stack: Pickled[] = [];
  #at = 0;
  #memoryLeft = mostMemory;

  constructor(bytes: Uint8Array, refuse: Refuse) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.refuse = refuse;
  }

  get position(): number {
    return this.#at;
  }

  get memoSize(): number {
    return this.#memo.size;
  }

  damaged(what: string): Error {
    return this.refuse(
      `the pickle is damaged: ${what} at byte ${this.#at} of ${this.#bytes.length}; download the file again`,
    );
  }

  /** Counts bytes that are about to be taken, or were just now. */
  charge(bytes: number): void {
    this.#memoryLeft -= bytes;
    if (this.#memoryLeft < 0) {
      throw this.refuse(
        `what the pickle of ${this.#bytes.length} bytes describes takes more than ${mostMemory / 2 ** 20} MiB; ` +
          'this is not a checkpoint of a model, or one with much beside it: save the weights alone with ' +
          'torch.save(model.state_dict(), path)',
      );
    }
  }

  #advance(length: number): number {
    const from = this.#at;
    if (from + length > this.#bytes.length) throw this.damaged(`${length} bytes are missing`);
    this.#at += length;
    return from;
  }

  readUint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  readUint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  readUint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  readInt32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  readUint64(): number {
    const low = this.readUint32();
    return this.readUint32() * 2 ** 32 + low;
  }

  /** Big-endian, the only number in the format that is. */
  readFloat64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  readBytes(length: number): Uint8Array {
    const from = this.#advance(length);
    this.charge(memoryOf.record);
    return this.#bytes.subarray(from, from + length);
  }

  readText(length: number): string {
    const from = this.#advance(length);
    this.charge(memoryOf.list + 2 * length);
    const text = decodedText(this.#bytes.subarray(from, from + length));
    if (text === undefined) throw this.damaged('text is not UTF-8');
    return text;
  }

  /** Text up to the next line end, which is passed over. */
  readLine(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.damaged('a line does not end');
    const line = this.readText(end - this.#at);
    this.#at = end + 1;
    return line;
  }

  /** `memory` is what the value takes beside its place on the stack. */
  push(value: Pickled, memory: number = 0): void {
    this.charge(memoryOf.slot + memory);
    this.#stack.push(value);
  }

  pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined) throw this.damaged('the stack is empty');
    return value;
  }

  peek(): Pickled {
    const value = this.#stack.at(-1);
    if (value === undefined) throw this.damaged('the stack is empty');
    return value;
  }

  /** Removes the topmost `count` values and returns them, oldest first. */
  popMany(count: number): Pickled[] {
    if (this.#stack.length < count) throw this.damaged('the stack is empty');
    return this.#stack.splice(this.#stack.length - count, count);
  }

  mark(): void {
    this.charge(memoryOf.list + memoryOf.slot);
    this.#below.push(this.#stack);
    this.#stack = [];
  }

  /** The values above the last mark; the mark goes with them. */
  popToMark(): Pickled[] {
    const above = this.#stack;
    const below = this.#below.pop();
    if (below === undefined) throw this.damaged('a mark is missing');
    this.#stack = below;
    return above;
  }

  remember(slot: number): void {
    this.charge(memoryOf.memo);
    this.#memo.set(slot, this.peek());
  }

  recall(slot: number): Pickled {
    const value = this.#memo.get(slot);
    if (value === undefined) throw this.damaged(`memo ${slot} is empty`);
    return value;
  }
}
