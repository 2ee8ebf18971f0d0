import { describe, expect, it } from 'vitest';
import { checkTransformerOptions, type TransformerOptions } from './options.ts';

describe('options of a transformer', () => {
  it('may all be left out, or be undefined', () => {
    expect(() => checkTransformerOptions({})).not.toThrow();
    expect(() => checkTransformerOptions({ threads: undefined, memory: undefined, thread: undefined })).not.toThrow();
  });

  it.each([
    [{ thread: 3 }, 'thread: 3 is none of "main", "worker"'],
    [{ thread: 'wroker' }, 'thread: "wroker" is none of "main", "worker"'],
    [{ memory: 'lo' }, 'memory: "lo" is none of "normal", "low"'],
    [{ threads: 0 }, 'threads: 0, but a session has 1 to'],
    [{ treads: 2 }, 'openTransformer: unknown key "treads"; did you mean "threads"?'],
    [{ latentSize: { height: 32 } }, 'latentSize.width: nothing is not an integer'],
    [{ latentSize: { height: 32, width: 0 } }, 'latentSize.width: 0'],
    [{ latentSize: { height: 32, width: 32, depth: 1 } }, 'latentSize: unknown key "depth"'],
    [null, 'openTransformer'],
  ])('%j is refused by name', (options, message) => {
    expect(() => checkTransformerOptions(options as TransformerOptions)).toThrow(
      expect.objectContaining({ code: 'invalid-input', message: expect.stringContaining(message) as string }),
    );
  });
});
