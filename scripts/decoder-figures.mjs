// The figures of decoders in docs/performance.md: time and memory of decoding one image with the decoder of Stable
// Diffusion, whose weights are random, whole and in tiles.
//   node scripts/decoder-figures.mjs [pixels ...]       of a side: 512, 1024; both unless given
// Build first. Each way of decoding has a process of its own, whose peak is what it took. The times mean something only
// where nothing else runs.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openDecoder } from '../packages/backend-node/dist/index.js';
import { gaussian, median } from '../packages/core/dist/index.js';
import { randomWeights } from '../packages/model/dist/index.js';
import { table } from './figures.mjs';

/** Pixels of a cell of the latents. */
const PIXELS = 8;
const ROUNDS = 2;
/** How this script calls itself, in a process of its own. */
const MEASURE = '--measure';
const inTiles = (cells) => [`tiles of ${cells} cells`, { cells, pixels: PIXELS * cells, overlap: 0.25 }];
/** Ways of decoding, by the pixels of a side. */
const WAYS = {
  512: [['whole, as by default', 'auto'], ...[48, 32, 24].map(inTiles)],
  1024: [['tiles of 64 cells, as by default', 'auto']],
};

/** The decoder half of stabilityai/sd-vae-ft-mse: 49,490,199 parameters. */
function shapes() {
  const tensors = new Map();
  const layer = (name, ...shape) => {
    tensors.set(`${name}.weight`, shape);
    tensors.set(`${name}.bias`, [shape[0]]);
  };
  const resnet = (name, inner, out) => {
    layer(`${name}.norm1`, inner);
    layer(`${name}.conv1`, out, inner, 3, 3);
    layer(`${name}.norm2`, out);
    layer(`${name}.conv2`, out, out, 3, 3);
    if (inner !== out) layer(`${name}.conv_shortcut`, out, inner, 1, 1);
  };
  layer('post_quant_conv', 4, 4, 1, 1);
  layer('decoder.conv_in', 512, 4, 3, 3);
  for (const index of [0, 1]) resnet(`decoder.mid_block.resnets.${index}`, 512, 512);
  layer('decoder.mid_block.attentions.0.group_norm', 512);
  for (const name of ['to_q', 'to_k', 'to_v', 'to_out.0']) layer(`decoder.mid_block.attentions.0.${name}`, 512, 512);
  const widths = [512, 512, 256, 128];
  for (const [level, width] of widths.entries()) {
    for (const index of [0, 1, 2])
      resnet(`decoder.up_blocks.${level}.resnets.${index}`, index === 0 ? (widths[level - 1] ?? 512) : width, width);
    if (level < 3) layer(`decoder.up_blocks.${level}.upsamplers.0.conv`, width, width, 3, 3);
  }
  layer('decoder.conv_norm_out', 128);
  layer('decoder.conv_out', 3, 128, 3, 3);
  return tensors;
}

/** Decodes in this process, and prints what it took. */
async function measure(path, tiles, pixels) {
  const side = pixels / PIXELS;
  const latents = gaussian(0, 4 * side * side);
  const decoder = await openDecoder(path, { latent: { height: side, width: side }, tiles });
  const times = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const started = performance.now();
      const image = await decoder.decode(latents);
      times.push(performance.now() - started);
      if (!image.every(Number.isFinite)) throw new Error('the image has values that are no numbers');
    }
  } finally {
    await decoder.dispose();
  }
  const peak = process.resourceUsage().maxRSS / 2 ** 20; // GiB
  console.log(JSON.stringify({ first: times[0], later: median(times.slice(1)), peak }));
}

async function figures(sizes) {
  const folder = mkdtempSync(join(tmpdir(), 'decoder-figures-'));
  try {
    const path = join(folder, 'decoder.safetensors');
    for (const piece of randomWeights(shapes()).pieces()) writeFileSync(path, piece, { flag: 'a' });
    const rows = [];
    for (const [pixels, name, tiles] of sizes.flatMap((size) => WAYS[size].map((way) => [size, ...way]))) {
      const words = [fileURLToPath(import.meta.url), MEASURE, path, JSON.stringify(tiles), pixels];
      const { stdout } = await promisify(execFile)(process.execPath, words);
      const { first, later, peak } = JSON.parse(stdout);
      const seconds = (time) => `${(time / 1000).toFixed(1)} s`;
      rows.push([`${pixels} x ${pixels}`, name, seconds(first), seconds(later), `${peak.toFixed(2)} GiB`]);
      console.error(rows.at(-1).join('  '));
    }
    table(['image', 'decoded', 'first image', 'later ones', 'peak memory'], rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [first, path, tiles, pixels] = process.argv.slice(2);
const asked = process.argv.slice(2).filter((size) => Object.hasOwn(WAYS, size));
await (first === MEASURE
  ? measure(path, JSON.parse(tiles), Number(pixels))
  : figures(asked.length > 0 ? asked : Object.keys(WAYS)));
