import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixture, largestDifference, tensorsOf } from '@procache/conformance';
import { writeSafetensors } from '@procache/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDecoder } from './open-decoder.ts';

let folder: string;
let latents: Float32Array;
let wanted: Float32Array;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'decoder-files-'));
  const expected = await tensorsOf('vae/attention/expected.safetensors');
  latents = (await expected.floats('input.latent')).slice(0, 4 * 8 * 8);
  wanted = (await expected.floats('output.image')).slice(0, 3 * 16 * 16);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function decoded(path: string): Promise<Float32Array> {
  const decoder = await openDecoder(path, { latent: { height: 8, width: 8 } });
  try {
    return await decoder.decode(latents);
  } finally {
    await decoder.dispose();
  }
}

const WEIGHTS = 'diffusion_pytorch_model.safetensors';

/** The fixture's weights as halves in a folder of their own, and the same numbers as floats in another. */
async function written(type: 'F16' | 'BF16'): Promise<readonly [halves: string, floats: string]> {
  const found = await tensorsOf(`vae/attention/${WEIGHTS}`);
  const tensors = new Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>();
  const halves: Uint16Array[] = [];
  for (const name of found.names) {
    const bits = Uint16Array.from(await found.floats(name), type === 'F16' ? float16Bits : bfloat16Bits);
    halves.push(bits);
    tensors.set(name, {
      shape: found.shape(name),
      data: Float32Array.from(bits, type === 'F16' ? ofFloat16 : ofBfloat16),
    });
  }
  let at = 0;
  const told = Array.from(tensors, ([name, { shape, data }]) => {
    const offsets = [at, (at += 2 * data.length)];
    return [name, { dtype: type, shape, data_offsets: offsets }] as const;
  });
  const header = headerOf(Object.fromEntries(told));
  const file = Buffer.concat([header, ...halves.map((bits) => new Uint8Array(bits.buffer))]);
  return [place(type, file), place(`${type}-floats`, writeSafetensors(tensors))];
}

/** What a safetensors file begins with. */
function headerOf(told: object): Uint8Array {
  const text = Buffer.from(JSON.stringify(told));
  const padded = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  text.copy(padded, 8);
  return padded;
}

function place(name: string, file: Uint8Array): string {
  const own = join(folder, name);
  mkdirSync(own);
  copyFileSync(fixture('vae/attention/config.json'), join(own, 'config.json'));
  writeFileSync(join(own, WEIGHTS), file);
  return own;
}

const view = new DataView(new ArrayBuffer(4));
function bfloat16Bits(value: number): number {
  view.setFloat32(0, value);
  return view.getUint16(0);
}
function ofBfloat16(bits: number): number {
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}
/** Cut off, and zero where it is below the least normal number. */
function float16Bits(value: number): number {
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  const exponent = ((bits >>> 23) & 0xff) - 112;
  return ((bits >>> 16) & 0x8000) | (exponent <= 0 ? 0 : (exponent << 10) | ((bits >>> 13) & 0x3ff));
}
function ofFloat16(bits: number): number {
  const exponent = (bits >>> 10) & 31;
  const size = exponent === 0 ? 0 : (1 + (bits & 0x3ff) / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

describe("a decoder's files", () => {
  it.each(['F16', 'BF16'] as const)('are read as %s', async (type) => {
    const [halves, floats] = await written(type);
    const [ofHalves, ofFloats] = [await decoded(halves), await decoded(floats)];
    expect(largestDifference(ofHalves, ofFloats)).toBeLessThanOrEqual(1e-6);
    const difference = largestDifference(ofHalves, wanted); // no more than that of the rounded weights
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThan(0.1);
  });

  it('may be a pipeline that has a vae folder', async () => {
    const pipeline = join(folder, 'pipeline');
    cpSync(fixture('vae/attention'), join(pipeline, 'vae'), { recursive: true });
    expect(largestDifference(await decoded(pipeline), wanted)).toBeLessThanOrEqual(1e-4);
  });

  it('may be that of a whole model under the names of CompVis', async () => {
    const expected = await tensorsOf('vae/ldm-names/expected.safetensors');
    const found = await tensorsOf('vae/ldm-names/model.safetensors');
    const tensors = new Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>([
      ['model.diffusion_model.input_blocks.0.0.weight', { shape: [1, 1, 1, 1], data: Float32Array.of(1) }],
      ['cond_stage_model.logit_scale', { shape: [1], data: Float32Array.of(1) }],
    ]);
    for (const name of found.names)
      tensors.set(`first_stage_model.${name}`, { shape: found.shape(name), data: await found.floats(name) });
    const path = join(folder, 'sd-v1.safetensors');
    writeFileSync(path, writeSafetensors(tensors));
    const name = 'input.latent';
    const [, , height, width] = expected.shape(name) as [number, number, number, number];
    const decoder = await openDecoder(path, { latent: { height, width } });
    const made = await decoder.decode(await expected.floats(name));
    await decoder.dispose();
    const image = await expected.floats('output.image');
    const largest = image.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largestDifference(made, image)).toBeLessThanOrEqual(1e-4 * largest);
  });
});
