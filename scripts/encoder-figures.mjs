// The figures of text encoders in docs/performance.md: time and memory of reading texts with a T5-XXL, whose weights
// are random halves, in files of two gigabytes.
//   node scripts/encoder-figures.mjs [folder] [--small]
// Build first. The files take 9.5 GB; they are written into the folder, by default the system's for temporary files,
// and removed at the end. Each number of texts has a process of its own, whose peak is what it took. The times mean
// something only where nothing else runs. With --small the model is a small one, to see that the script works.
import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openEncoder } from '../packages/backend-node/dist/index.js';
import { uniforms } from '../packages/core/dist/index.js';
import { table } from './figures.mjs';

const XXL = { width: 4096, inner: 4096, middle: 10240, depth: 24, heads: 64, vocabulary: 32128, shardBytes: 2e9 };
const SMALL = { width: 256, inner: 512, middle: 640, depth: 3, heads: 8, vocabulary: 1000, shardBytes: 2e6 };
const TOKENS = 120;
const TOKENIZER = '../packages/conformance/fixtures/pipelines/pixart-tiny/tokenizer/tokenizer.json';

/** The encoder half of a T5 in version 1.1, as shapes in the order of its file. */
function shapes({ width, inner, middle, depth, heads, vocabulary }) {
  const tensors = [['shared.weight', [vocabulary, width]]];
  for (let block = 0; block < depth; block++) {
    const [attention, dense] = [0, 1].map((layer) => `encoder.block.${block}.layer.${layer}`);
    for (const name of ['q', 'k', 'v']) tensors.push([`${attention}.SelfAttention.${name}.weight`, [inner, width]]);
    tensors.push([`${attention}.SelfAttention.o.weight`, [width, inner]]);
    if (block === 0) tensors.push([`${attention}.SelfAttention.relative_attention_bias.weight`, [32, heads]]);
    tensors.push([`${attention}.layer_norm.weight`, [width]]);
    for (const name of ['wi_0', 'wi_1']) tensors.push([`${dense}.DenseReluDense.${name}.weight`, [middle, width]]);
    tensors.push([`${dense}.DenseReluDense.wo.weight`, [width, middle]], [`${dense}.layer_norm.weight`, [width]]);
  }
  return [...tensors, ['encoder.final_layer_norm.weight', [width]]];
}

const bytesOf = (shape) => shape.reduce((product, extent) => product * extent, 2);

/** Tensors one after another in files of about so many bytes: the blocks do not end where the files do. */
function shards(tensors, most) {
  const files = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    if (bytes + bytesOf(tensor[1]) > most && bytes > 0) {
      files.push([]);
      bytes = 0;
    }
    files.at(-1).push(tensor);
    bytes += bytesOf(tensor[1]);
  }
  return files;
}

/** Halves between 2^-7 and 2^-5 of both signs, in a pool that is laid out again and again. */
function halves() {
  const next = uniforms(0);
  const bits = (count) => Math.floor(next() * 2 ** count);
  return new Uint8Array(Uint16Array.from({ length: 2 ** 22 + 7 }, () => bits(1) * 2 ** 15 + 8192 + bits(11)).buffer);
}

function writeShard(path, tensors, pool) {
  let end = 0;
  const entries = tensors.map(([name, shape]) => {
    const begin = end;
    end += bytesOf(shape);
    return [name, { dtype: 'F16', shape, data_offsets: [begin, end] }];
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  const header = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  const file = openSync(path, 'w');
  for (const piece of [size, header]) writeSync(file, piece);
  for (let left = end; left > 0; left -= pool.length) writeSync(file, pool.subarray(0, Math.min(left, pool.length)));
  closeSync(file);
}

/** Writes a model with its index, its config and a tokenizer; returns its numbers. */
function writeModel(folder, model) {
  const tensors = shapes(model);
  const files = shards(tensors, model.shardBytes);
  const pool = halves();
  const places = {};
  for (const [i, own] of files.entries()) {
    const part = (n) => String(n).padStart(5, '0');
    const name = `model-${part(i + 1)}-of-${part(files.length)}.safetensors`;
    for (const [tensor] of own) places[tensor] = name;
    writeShard(join(folder, name), own, pool);
  }
  const config = {
    ...{ model_type: 't5', feed_forward_proj: 'gated-gelu', d_model: model.width, d_ff: model.middle },
    ...{ d_kv: model.inner / model.heads, num_heads: model.heads, num_layers: model.depth },
    vocab_size: model.vocabulary,
  };
  const index = { metadata: {}, weight_map: places };
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  cpSync(fileURLToPath(new URL(TOKENIZER, import.meta.url)), join(folder, 'tokenizer.json'));
  return { parameters: tensors.reduce((sum, [, shape]) => sum + bytesOf(shape) / 2, 0), files: files.length };
}

/** Reads texts in this process, and prints what it took. */
async function measure(encoder, width, count) {
  const texts = Array.from({ length: count }, (_, i) => `${i} ${'a small red fox sits on a mossy stone '.repeat(20)}`);
  const started = performance.now();
  const opened = await openEncoder({ encoder }, { tokens: TOKENS, width });
  const read = performance.now();
  try {
    const embeddings = await opened.encode(texts);
    const seconds = (performance.now() - read) / 1000;
    if (embeddings.some(({ tokens, values }) => tokens !== TOKENS || !values.every(Number.isFinite)))
      throw new Error('an embedding is short, or has values that are no numbers');
    const peak = process.resourceUsage().maxRSS / 2 ** 20; // GiB
    console.log(JSON.stringify({ opening: (read - started) / 1000, seconds, peak }));
  } finally {
    await opened.dispose();
  }
}

async function figures(place, model) {
  const folder = mkdtempSync(join(place, 'encoder-figures-'));
  try {
    const { parameters, files } = writeModel(folder, model);
    console.error(`${parameters} parameters in ${files} files`);
    const rows = [];
    for (const count of [1, 8]) {
      const words = [fileURLToPath(import.meta.url), 'measure', folder, model.width, count].map(String);
      const { stdout } = await promisify(execFile)(process.execPath, words);
      const { opening, seconds, peak } = JSON.parse(stdout);
      rows.push([count, `${opening.toFixed(2)} s`, `${seconds.toFixed(1)} s`, `${peak.toFixed(2)} GiB`]);
      console.error(rows.at(-1).join('  '));
    }
    table([`texts of ${TOKENS} tokens`, 'opening', 'reading', 'peak memory'], rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [first, ...words] = process.argv.slice(2).filter((word) => word !== '--small');
if (first === 'measure') await measure(words[0], Number(words[1]), Number(words[2]));
else await figures(first ?? tmpdir(), process.argv.includes('--small') ? SMALL : XXL);
