import { ProCacheError } from '@procache/core';
import { listedNames, messageOf } from '@procache/core/untrusted';
import { Lifetime, type OrtTextModel, type TokenIds } from '@procache/ort';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { checkUnchanged } from './file-identity.ts';
import { openFile } from './file-source.ts';
import { nodeHost, plainOptions } from './host.ts';
import { startedRuntime } from './runtime.ts';
import { threadCount } from './threads.ts';

export interface OnnxTextModelOptions {
  /** Tokens of each text, the padding included, and numbers of a token: what the transformer takes. */
  readonly tokens: number;
  readonly width: number;
  /** Threads to compute with; by default one for each processor that this process may use. */
  readonly threads?: number | undefined;
}

/** What exporters call the ids, which of them are text, and what the model makes of them. */
const [IDS, MASK, HIDDEN] = ['input_ids', 'attention_mask', 'last_hidden_state'] as const;
const ADVICE = 'export the encoder alone, as optimum does (text_encoder/model.onnx), with float32 outputs';
/** Texts that are read at once. */
const MOST_TEXTS = 8;

/**
 * Opens a text model that is ONNX already, such as `text_encoder/model.onnx` of optimum: `input_ids` and
 * `attention_mask` int64 [texts, tokens] to `last_hidden_state` float32 [texts, tokens, width]. The files of its
 * weights lie beside it under the names that it says. All of them stay in memory until it is disposed of.
 *
 * @throws {ProCacheError} `invalid-model` for what ONNX Runtime cannot read, and for other inputs, outputs and extents;
 * `out-of-memory`.
 */
export async function openOnnxTextModel(path: string, options: OnnxTextModelOptions): Promise<OrtTextModel> {
  const threads = threadCount(options.threads);
  const file = await openFile(path, { code: 'invalid-model', what: 'an ONNX model' });
  await file.close();
  const runtime = await startedRuntime();
  const session = await runtime.InferenceSession.create(path, {
    ...plainOptions(threads),
    enableCpuMemArena: false, // it would keep what one reading took until the next
    extra: { session: { force_spinning_stop: '1' } },
  }).catch((cause: unknown) => {
    checkUnchanged([file.identity]);
    throw openError(path, cause);
  });
  try {
    const single = checkSignature(path, session, options);
    const host = nodeHost({ threads });
    const lifetime = new Lifetime('text encoder');
    const encode = async (texts: readonly TokenIds[]): Promise<readonly Float32Array[]> => {
      const read: Float32Array[] = [];
      const most = single ? 1 : MOST_TEXTS;
      for (let first = 0; first < texts.length; first += most) {
        lifetime.check();
        const some = texts.slice(first, first + most);
        const output = (await session.run(feedsOf(runtime, some), [HIDDEN]))[HIDDEN]!;
        read.push(...rowsOf(path, output, [some.length, some[0]!.ids.length, options.width]));
        host.free(output);
      }
      return read;
    };
    return {
      encode: (texts) => lifetime.during(() => encode(texts)),
      dispose: async () => {
        await lifetime.end();
        await session.release();
      },
    };
  } catch (cause) {
    await session.release();
    throw cause;
  }
}

function feedsOf({ Tensor }: Awaited<ReturnType<typeof startedRuntime>>, texts: readonly TokenIds[]) {
  const length = texts[0]!.ids.length;
  const ids = BigInt64Array.from(texts.flatMap((text) => Array.from(text.ids, BigInt)));
  const mask = new BigInt64Array(ids.length);
  texts.forEach(({ tokens }, i) => mask.fill(1n, i * length, i * length + tokens));
  const shape = [texts.length, length];
  return { [IDS]: new Tensor('int64', ids, shape), [MASK]: new Tensor('int64', mask, shape) };
}

/** What a model made of each text. */
function rowsOf(path: string, { data, dims }: Tensor, expected: readonly number[]): readonly Float32Array[] {
  if (dims.length !== expected.length || dims.some((extent, axis) => extent !== expected[axis])) {
    const problem = `the output ${HIDDEN} is [${dims.join(', ')}], and should be [${expected.join(', ')}]`;
    throw new ProCacheError('invalid-model', `${path}: ${problem}; ${ADVICE}`);
  }
  const size = data.length / expected[0]!;
  return Array.from({ length: expected[0]! }, (_, i) => (data as Float32Array).slice(i * size, (i + 1) * size));
}

/** Checks what a model takes and gives; whether it takes one text at a time. */
function checkSignature(
  path: string,
  { inputMetadata, outputMetadata }: InferenceSession,
  { tokens, width }: OnnxTextModelOptions,
): boolean {
  const refuse = (problem: string): never => {
    throw new ProCacheError('invalid-model', `${path}: ${problem}; ${ADVICE}`);
  };
  const other = inputMetadata.filter(({ name }) => name !== IDS && name !== MASK).map(({ name }) => name);
  if (other.length > 0) refuse(`takes ${listedNames(other)} besides ${IDS} and ${MASK}`);
  const shapeOf = (
    of: readonly InferenceSession.ValueMetadata[],
    name: string,
    type: 'int64' | 'float32',
    extents: readonly (number | undefined)[],
  ): readonly (number | string)[] => {
    const value = of.find((each) => each.name === name);
    if (value === undefined) return refuse(`has no ${name}, but ${listedNames(of.map((each) => each.name))}`);
    const found = value.isTensor ? value.type : 'no tensor';
    if (!value.isTensor || found !== type) return refuse(`${name} is ${found}, and should be ${type}`);
    const fits = extents.every((extent, axis) => fitsExtent(value.shape[axis], extent));
    if (value.shape.length !== extents.length || !fits) {
      const wanted = extents.map((extent) => extent ?? 'texts').join(', ');
      refuse(`${name} is [${value.shape.join(', ')}], and should be [${wanted}]`);
    }
    return value.shape;
  };
  const batches = [
    shapeOf(inputMetadata, IDS, 'int64', [undefined, tokens])[0],
    shapeOf(inputMetadata, MASK, 'int64', [undefined, tokens])[0],
    shapeOf(outputMetadata, HIDDEN, 'float32', [undefined, tokens, width])[0],
  ];
  return batches.includes(1);
}

/** Whether an axis can have an extent: as many, or any; of texts that is one, or any. */
function fitsExtent(axis: number | string | undefined, extent: number | undefined): boolean {
  return typeof axis !== 'number' || axis === (extent ?? 1);
}

function openError(path: string, cause: unknown): ProCacheError {
  const message = messageOf(cause);
  if (/bad_alloc|alloc.*memory|out of memory/i.test(message)) {
    const problem = `${path}: there is not enough memory for its weights`;
    const way = 'close other programs, or take the text encoder as safetensors, which is read block by block';
    return new ProCacheError('out-of-memory', `${problem}; ${way} (${message})`, { cause });
  }
  const way = 'download it again with the files beside it (model.onnx_data)';
  return new ProCacheError('invalid-model', `${path}: ONNX Runtime cannot open it; ${way} (${message})`, { cause });
}
