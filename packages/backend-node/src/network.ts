import { ProCacheError } from '@procache/core';
import { openRegular } from '@procache/files';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { plainOptions } from './host.ts';
import { startedRuntime } from './runtime.ts';
import { threadCount } from './threads.ts';

/** Numbers, and how they are laid out. */
export interface NumberArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A network in an ONNX file, which is evaluated as it is. */
export interface OnnxNetwork {
  /** The names of its inputs. */
  readonly inputs: readonly string[];
  /** The names of its outputs. */
  readonly outputs: readonly string[];
  /**
   * One of its outputs.
   *
   * @throws {ProCacheError} `execution-failed` where the network cannot take the inputs, or the output is no float32
   * array.
   */
  run(inputs: Readonly<Record<string, NumberArray>>, output: string): Promise<NumberArray>;
  close(): Promise<void>;
}

export interface OnnxNetworkOptions {
  /** Threads to compute with; by default one for each processor that this process may use. */
  readonly threads?: number | undefined;
  /** How messages name the file; its path unless given. */
  readonly place?: string | undefined;
}

/** Protocol buffers, which ONNX files are, end at 2 GiB. */
const LONGEST = 2 ** 31;

/**
 * Opens an ONNX file. The caller closes it.
 *
 * @throws {ProCacheError} `invalid-input` where it is no regular file, or ONNX Runtime refuses it.
 */
export async function openNetwork(
  path: string,
  { threads, place = path }: OnnxNetworkOptions = {},
): Promise<OnnxNetwork> {
  await checkFile(path, place);
  const { InferenceSession, Tensor } = await startedRuntime();
  const session = await InferenceSession.create(path, plainOptions(threadCount(threads))).catch((cause: unknown) => {
    throw new ProCacheError(
      'invalid-input',
      `${place}: ONNX Runtime cannot open it: ${firstLine(cause)}; give an ONNX file`,
      { cause },
    );
  });
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    async run(inputs, output) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([name, { data, shape }]) => [name, new Tensor('float32', data, shape)]),
      );
      const results = await run(session, feeds, output, place);
      return floatsOf(results, output, place);
    },
    close: () => session.release(),
  };
}

async function checkFile(path: string, place: string): Promise<void> {
  const { handle, stats } = await openRegular(path, { place, what: 'an ONNX file' });
  await handle.close();
  if (stats.size > 0 && stats.size < LONGEST) return;
  throw new ProCacheError(
    'invalid-input',
    `${place}: is ${stats.size} bytes long, and an ONNX file has 1 to ${LONGEST - 1}; give an ONNX file`,
  );
}

async function run(
  session: InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  output: string,
  place: string,
): Promise<Tensor> {
  try {
    return (await session.run(feeds, [output]))[output]!;
  } catch (cause) {
    const shapes = Object.entries(feeds).map(([name, { dims }]) => `${name} [${dims.join(', ')}]`);
    throw new ProCacheError('execution-failed', `${place}: cannot take ${shapes.join(', ')}: ${firstLine(cause)}`, {
      cause,
    });
  }
}

function floatsOf({ data, type, dims }: Tensor, output: string, place: string): NumberArray {
  if (data instanceof Float32Array) return { data, shape: dims };
  throw new ProCacheError('execution-failed', `${place}: its output ${output} is of type ${type}; it must be float32`);
}

/** The rest of ONNX Runtime's messages is where in its code they come from. */
function firstLine(cause: unknown): string {
  return cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
}
