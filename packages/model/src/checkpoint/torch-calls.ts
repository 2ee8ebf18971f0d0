import { shownName } from '@procache/core/untrusted';

import { isPickled, type Pickled } from './pickle-value.ts';
import {
  dangerousCalls,
  dangerousModules,
  dangerousPackage,
  dangerousParts,
  plainCall,
  plainCalls,
  standardModules,
} from './torch-call-names.ts';

/**
 * What is made of the calls in a pickle that rebuild no tensor. None is ever run: a call is refused, or its result is
 * an object without content. What is refused tells the user something about the file; what is passed over does not.
 */
export type CallKind = 'plain' | 'dangerous' | 'unknown';

/** The name that a function has today: pickles keep those of Python 2, and modules move. */
export function modernName(name: string): string {
  return name
    .replace(/^__builtin__\.reduce$/, 'functools.reduce')
    .replace(/^(?:__builtin__|exceptions)\./, 'builtins.')
    .replace(/^copy_reg\./, 'copyreg.')
    .replace(/^_(operator|functools)\./, '$1.')
    .replace(/^pathlib\.(?:_local|_abc)\./, 'pathlib.')
    .replace(/^numpy\._core\./, 'numpy.core.');
}

/** What is made of a call; `name` is a modern name. */
export function kindOfCall(name: string, args: readonly Pickled[]): CallKind {
  if (plainCalls.has(name) || plainCall.test(name)) return 'plain';
  if (name === 'functools.partial') return bindsDangerous(args[0]) ? 'dangerous' : 'unknown';
  if (name === 'operator.getitem') return isTypeHint(args[0]) ? 'plain' : 'unknown';
  if (name === 'functools.reduce')
    return isPickled(args[0], 'global') && /^_?operator\.or_$/.test(args[0].name) ? 'plain' : 'unknown';
  if (isDangerous(name)) return 'dangerous';
  return isValueOfClass(name, args) ? 'plain' : 'unknown';
}

function isDangerous(name: string): boolean {
  const [module = '', ...parts] = name.split('.');
  if (dangerousModules.has(module) || dangerousCalls.has(name) || dangerousPackage.test(name)) return true;
  return parts.some((part) => dangerousParts.has(part));
}

/** Whether arguments are bound to a function that is refused itself. */
function bindsDangerous(bound: Pickled | undefined): boolean {
  return isPickled(bound, 'global') && isDangerous(modernName(bound.name));
}

/** `typing.Dict[str, int]` in the settings of a training run; `int | str` is pickled as a reduction by `or`. */
function isTypeHint(value: Pickled | undefined): boolean {
  return isPickled(value, 'global') && /^(?:typing|builtins|collections(?:\.abc)?)\.\w+$/.test(value.name);
}

/**
 * Whether a call can only make a value of some class: an enumeration is pickled as a call of its class with the one
 * value, a date type with its unit. Classes are written with a capital, and what they are called with is short.
 */
function isValueOfClass(name: string, args: readonly Pickled[]): boolean {
  const parts = name.split('.');
  if (standardModules.has(parts[0]!) || !/^_?[A-Z]\w*$/.test(parts.at(-1)!)) return false;
  if (parts[0] === 'torch') return args.length === 1 && typeof args[0] === 'number';
  return (
    isShort(args) && args.every((arg) => isScalar(arg) || (Array.isArray(arg) && isShort(arg) && arg.every(isScalar)))
  );
}

function isShort(values: readonly Pickled[]): boolean {
  return values.length <= mostValues;
}

const mostValues = 16;
const longestText = 200;

/** Members of an enumeration may be functions and classes too, by name. */
function isScalar(value: Pickled): boolean {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length <= longestText;
  if (isPickled(value, 'global')) return !isDangerous(modernName(value.name));
  if (isPickled(value, 'object')) return true; // what another call made
  return value === null || ['boolean', 'number', 'bigint'].includes(typeof value);
}

/** Why a call is refused, for a message: only what can do harm is to alarm. */
export function refusedCall(name: string, kind: Exclude<CallKind, 'plain'>): string {
  const call = `the file asks to call ${shownName(name)}`;
  return kind === 'dangerous'
    ? `${call}, which can run programs or reach files; nothing was run here, but torch might: ` +
        'unless you know why it is there, do not load the file with torch either; ' +
        'take the weights as safetensors, or from another source'
    : `${call}, which is not known here, and nothing in a file is ever run; ` +
        `it need not be harmful, but what it makes cannot be read: ` +
        'have the weights saved alone with torch.save(model.state_dict(), path), or take them as safetensors';
}
