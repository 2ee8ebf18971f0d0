import { shownName } from '@procache/core/untrusted';

import { viewOf } from './byte-source.ts';
import { memoryOf, PickleMachine } from './pickle-machine.ts';
import { describePickled, isPickled, type Pickled } from './pickle-value.ts';
import { type Refuse } from './refusal.ts';

/** What to make of the things that only the writer of a pickle knows. */
export interface PickleMeaning {
  /** The result of calling the global `name`; an error where the call has no harmless meaning. */
  call(name: string, args: Pickled[]): Pickled;
  /** A new object of the class `name`, which is never looked up. */
  create(name: string, args: readonly Pickled[]): Pickled;
  /** The thing outside the pickle that `id` stands for. */
  load(id: Pickled): Pickled;
}

/**
 * The value that a pickle of protocol 2 to 5 describes.
 *
 * A pickle is a program for a stack machine whose calls may reach any Python function. Here a global
 * is only a name, and a call means what `meaning` says it means, so nothing in the file is ever run.
 * The opcodes are those of CPython's `pickletools`; it takes time linear in the bytes, and bounded memory.
 */
export function unpickle(bytes: Uint8Array, meaning: PickleMeaning, refuse: Refuse): Pickled {
  const machine = new PickleMachine(bytes, refuse);
  for (;;) {
    const opcode = machine.readUint8();
    if (opcode === stop) return machine.pop();
    const operation = operations.get(opcode);
    if (operation === undefined) {
      const code = `0x${opcode.toString(16).padStart(2, '0')}`;
      throw machine.refuse(
        `the pickle uses opcode ${code} at byte ${machine.position - 1}, which torch.save does not write; ` +
          `the file is damaged or was written by hand, take it from another source`,
      );
    }
    operation(machine, meaning);
  }
}

type Operation = (machine: PickleMachine, meaning: PickleMeaning) => void;

const stop = 0x2e;
const newestProtocol = 5;
/** Integers in checkpoints are counts, seeds and states of random generators; none needs more bytes. */
const longestInteger = 64;
/** The names of module and function together, in letters. */
const longestGlobal = 500;

const constants: readonly [number, Operation][] = [
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x5d, (m) => m.push([], memoryOf.list)], // EMPTY_LIST
  [0x29, (m) => m.push([], memoryOf.list)], // EMPTY_TUPLE
  [0x7d, (m) => m.push(new Map(), memoryOf.dictionary)], // EMPTY_DICT
  [0x8f, (m) => m.push(new Set(), memoryOf.dictionary)], // EMPTY_SET
];

const literals: readonly [number, Operation][] = [
  [0x4b, (m) => m.push(m.readUint8())], // BININT1
  [0x4d, (m) => m.push(m.readUint16())], // BININT2
  [0x4a, (m) => m.push(m.readInt32())], // BININT
  [0x8a, (m) => m.push(readLong(m, m.readUint8()))], // LONG1
  [0x8b, (m) => m.push(readLong(m, m.readUint32()))], // LONG4
  [0x47, (m) => m.push(m.readFloat64(), memoryOf.number)], // BINFLOAT
  [0x8c, (m) => m.push(m.readText(m.readUint8()))], // SHORT_BINUNICODE
  [0x58, (m) => m.push(m.readText(m.readUint32()))], // BINUNICODE
  [0x8d, (m) => m.push(m.readText(m.readUint64()))], // BINUNICODE8
  [0x55, (m) => m.push(m.readText(m.readUint8()))], // SHORT_BINSTRING, of Python 2
  [0x54, (m) => m.push(m.readText(m.readUint32()))], // BINSTRING
  [0x43, (m) => m.push(m.readBytes(m.readUint8()))], // SHORT_BINBYTES
  [0x42, (m) => m.push(m.readBytes(m.readUint32()))], // BINBYTES
  [0x8e, (m) => m.push(m.readBytes(m.readUint64()))], // BINBYTES8
  [0x96, (m) => m.push(m.readBytes(m.readUint64()))], // BYTEARRAY8
];

const stackAndMemo: readonly [number, Operation][] = [
  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popToMark()], // POP_MARK
  [0x32, (m) => m.push(m.peek())], // DUP
  [0x71, (m) => m.remember(m.readUint8())], // BINPUT
  [0x72, (m) => m.remember(m.readUint32())], // LONG_BINPUT
  [0x94, (m) => m.remember(m.memoSize)], // MEMOIZE
  [0x68, (m) => m.push(m.recall(m.readUint8()))], // BINGET
  [0x6a, (m) => m.push(m.recall(m.readUint32()))], // LONG_BINGET
  [0x95, (m) => void m.readBytes(8)], // FRAME: a hint for buffering
  [0x80, checkProtocol], // PROTO
];

const collections: readonly [number, Operation][] = [
  [0x85, (m) => m.push(m.popMany(1), memoryOf.list + 1 * memoryOf.slot)], // TUPLE1
  [0x86, (m) => m.push(m.popMany(2), memoryOf.list + 2 * memoryOf.slot)], // TUPLE2
  [0x87, (m) => m.push(m.popMany(3), memoryOf.list + 3 * memoryOf.slot)], // TUPLE3
  [0x74, (m) => m.push(m.popToMark())], // TUPLE
  [0x6c, (m) => m.push(m.popToMark())], // LIST
  [0x91, (m) => pushSet(m, m.popToMark())], // FROZENSET
  [0x64, (m) => pushDictionary(m, m.popToMark())], // DICT
  [0x61, (m) => append(m, m.popMany(1))], // APPEND
  [0x65, (m) => append(m, m.popToMark())], // APPENDS
  [0x90, (m) => append(m, m.popToMark())], // ADDITEMS
  [0x73, (m) => setItems(m, m.popMany(2))], // SETITEM
  [0x75, (m) => setItems(m, m.popToMark())], // SETITEMS
];

const calls: readonly [number, Operation][] = [
  [0x63, (m) => pushGlobal(m, [m.readLine(), m.readLine()])], // GLOBAL
  [0x93, (m) => pushGlobal(m, m.popMany(2))], // STACK_GLOBAL
  [0x52, reduce], // REDUCE
  [0x81, (m, meaning) => create(m, m.popMany(2), meaning)], // NEWOBJ: class, arguments
  [0x92, (m, meaning) => create(m, m.popMany(3), meaning)], // NEWOBJ_EX: class, arguments, named arguments
  [0x62, (m) => void m.pop()], // BUILD: the state of an object, which nothing here needs
  [0x51, (m, meaning) => m.push(meaning.load(m.pop()), memoryOf.record)], // BINPERSID
];

const operations: ReadonlyMap<number, Operation> = new Map([
  ...constants,
  ...literals,
  ...stackAndMemo,
  ...collections,
  ...calls,
]);

function checkProtocol(machine: PickleMachine): void {
  const protocol = machine.readUint8();
  if (protocol > newestProtocol) {
    throw machine.refuse(
      `the pickle is of protocol ${protocol} but ${newestProtocol} is the newest known; save the file with torch.save`,
    );
  }
}

/** Little-endian two's complement of any length. */
function readLong(machine: PickleMachine, length: number): number | bigint {
  if (length > longestInteger) throw machine.damaged(`an integer takes ${length} bytes`);
  const words = new Uint8Array(8 * Math.ceil(length / 8));
  machine.charge(8 * length);
  words.set(machine.readBytes(length));
  let magnitude = 0n;
  for (let at = words.length - 8; at >= 0; at -= 8) {
    magnitude = (magnitude << 64n) | viewOf(words).getBigUint64(at, true);
  }
  const value = BigInt.asIntN(8 * length, magnitude);
  const narrow = Number(value);
  return Number.isSafeInteger(narrow) ? narrow : value;
}

function pushSet(machine: PickleMachine, items: readonly Pickled[]): void {
  machine.charge(items.length * memoryOf.item);
  machine.push(new Set(items), memoryOf.dictionary);
}

function pushDictionary(machine: PickleMachine, items: readonly Pickled[]): void {
  machine.push(new Map(), memoryOf.dictionary);
  setItems(machine, items);
}

function setItems(machine: PickleMachine, items: readonly Pickled[]): void {
  const target = machine.peek();
  if (isPickled(target, 'object')) return; // a subclass of a dictionary
  if (!(target instanceof Map) || items.length % 2 !== 0) {
    throw machine.damaged(`items are set on ${describePickled(target)}`);
  }
  machine.charge(items.length * memoryOf.item);
  for (let i = 0; i < items.length; i += 2) target.set(items[i]!, items[i + 1]!);
}

function append(machine: PickleMachine, items: readonly Pickled[]): void {
  const target = machine.peek();
  if (isPickled(target, 'object')) return; // a subclass of a list
  machine.charge(items.length * (target instanceof Set ? memoryOf.item : memoryOf.slot));
  if (Array.isArray(target)) for (const item of items) target.push(item);
  else if (target instanceof Set) for (const item of items) target.add(item);
  else throw machine.damaged(`items are added to ${describePickled(target)}`);
}

function pushGlobal(machine: PickleMachine, [module, name]: readonly Pickled[]): void {
  if (typeof module !== 'string' || typeof name !== 'string') throw machine.damaged('a global has no name');
  const length = module.length + name.length;
  if (length > longestGlobal) throw machine.damaged(`a global has a name of ${length} letters`);
  machine.push({ kind: 'global', name: `${module}.${name}` }, memoryOf.record);
}

function reduce(machine: PickleMachine, meaning: PickleMeaning): void {
  const [callee, args] = machine.popMany(2);
  const name = calleeName(machine, callee!);
  if (!Array.isArray(args)) throw machine.damaged(`'${shownName(name)}' is called without a list of arguments`);
  const made = meaning.call(name, args);
  machine.push(made, memoryOf.record + (made instanceof Map ? memoryOf.dictionary + made.size * memoryOf.item : 0));
}

/** A method of an object may be called as well; what it is a method of is then part of the name. */
function calleeName(machine: PickleMachine, callee: Pickled): string {
  if (isPickled(callee, 'global')) return callee.name;
  if (isPickled(callee, 'object')) return callee.className;
  throw machine.damaged(`${describePickled(callee)} is called`);
}

function create(machine: PickleMachine, [of, args]: readonly Pickled[], meaning: PickleMeaning): void {
  if (!isPickled(of, 'global')) throw machine.damaged('an object has no class');
  machine.push(meaning.create(of.name, Array.isArray(args) ? args : []), memoryOf.record + memoryOf.dictionary);
}
