import { ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import { type Checkpoint, elementCount } from '../checkpoint/checkpoint.ts';
import { ConfigFields, ConfigFile, type ConfigJson, wrong } from '../config/fields.ts';
import { checkArithmetic, checkClaims } from '../families/parts/config-claims.ts';
import { madeBy } from './convolutions.ts';
import type { DecoderModel } from './decoder-model.ts';
import { klGraph } from './kl-graph.ts';
import { findKl, type FoundKl } from './kl-names.ts';
import { type KlWeights, klWeights } from './kl-weights.ts';
import { checkLists } from './list-claims.ts';
import { findTiny, type FoundTiny, tinyGraph, type TinyLayer, tinyLayers } from './tiny.ts';

/** What latents were multiplied by where no config says it: Stable Diffusion's. */
const USUAL_SCALE = 0.18215;
/** Channels of the latents of Stable Diffusion, the larger ones included. */
const USUAL_CHANNELS = 4;
/** What a file of a whole Stable Diffusion XL has, whose latents were multiplied by another number. */
const LARGER = 'conditioner.embedders.1.model.ln_final.weight';
/** Groups of each normalisation where no config says it. */
const USUAL_GROUPS = 32;
/** How much of a tile lies over its neighbours: diffusers' own (`enable_tiling`). */
const OVERLAP = 0.25;
/** The side of a tile's image where no config tells the one that training had. */
const USUAL_TILE = 512;

/** The values of fields that say what an AutoencoderKL computes, and those of diffusers' AutoencoderTiny. */
const KL_ARITHMETIC: Readonly<Record<string, readonly unknown[]>> = {
  _class_name: ['AutoencoderKL'],
  act_fn: ['silu'],
  latents_mean: [],
  latents_std: [],
};
const TINY_ARITHMETIC: Readonly<Record<string, readonly unknown[]>> = {
  _class_name: ['AutoencoderTiny'],
  act_fn: ['relu'],
  upsample_fn: ['nearest'],
  upsampling_scaling_factor: [2],
  shift_factor: [0],
};
/** Fields that say nothing about the decoder. */
const INDIFFERENT = [
  ...['down_block_types', 'force_upcast', 'use_quant_conv', 'encoder_block_out_channels', 'block_out_channels'],
  ...['num_encoder_blocks', 'latent_magnitude', 'latent_shift', 'in_channels'],
];

/**
 * Opens what makes images of latents: the decoder half of an AutoencoderKL, under the names of diffusers (old and new)
 * or of CompVis, or a tiny autoencoder (TAESD), under its own or diffusers'. What is computed follows from the names
 * and shapes of the tensors; `config`, the fields of a config.json, adds what those do not tell.
 *
 * @throws {ProCacheError} `invalid-model` for anything else, files that are not complete, and a config that contradicts
 * the tensors or cannot be followed.
 */
export async function openDecoderModel(checkpoint: Checkpoint, config: ConfigJson = {}): Promise<DecoderModel> {
  const file = new ConfigFile('config.json', config);
  const fields = new ConfigFields(file);
  const [kl, tiny] = [findKl(checkpoint), findTiny(checkpoint)];
  const model = kl
    ? await openKl(checkpoint, kl, fields)
    : tiny
      ? await openTiny(checkpoint, tiny, fields)
      : refuseUnknown(checkpoint);
  fields.find(...INDIFFERENT);
  return { ...model, unreadFields: file.unread() };
}

type OpenedDecoder = Omit<DecoderModel, 'unreadFields'>;

async function openKl(checkpoint: Checkpoint, found: FoundKl, fields: ConfigFields): Promise<OpenedDecoder> {
  const { weights, names } = await klWeights(checkpoint, found);
  const { postQuant, first, blocks, last, attention } = weights;
  const latentChannels = (postQuant ?? first).weight.shape[1]!;
  const pixels = 2 ** blocks.filter(({ upsampler }) => upsampler).length;
  checkArithmetic(fields, KL_ARITHMETIC, 'AutoencoderKL');
  checkBlockTypes(fields);
  const layers = blocks[0]!.resnets.length - 1;
  checkClaims(fields, {
    latent_channels: latentChannels,
    embed_dim: latentChannels,
    z_channels: first.weight.shape[1]!,
    out_channels: madeBy(last),
    out_ch: madeBy(last),
    layers_per_block: layers,
    num_res_blocks: layers,
    mid_block_add_attention: attention !== undefined,
    use_post_quant_conv: postQuant !== undefined,
  });
  checkLists(fields, { block_out_channels: blocks.map(({ resnets }) => madeBy(resnets.at(-1)!.conv2)).reverse() });
  const groups = groupsOf(fields, weights);
  const scale = scaleOf(checkpoint, fields, latentChannels);
  const shift = fields.number('shift_factor', -1e6, 1e6) ?? 0;
  const side = fields.integer('sample_size', pixels, 2 ** 16) ?? USUAL_TILE;
  return {
    kind: 'autoencoder-kl',
    flavour: found.flavour,
    ...{ latentChannels, pixels, channels: madeBy(last), valueRange: [-1, 1], scale },
    parameters: parametersOf(checkpoint, names),
    tiles: { cells: Math.floor(side / pixels), pixels: side, overlap: OVERLAP },
    graph: () => klGraph(weights, { groups, scale, shift }),
  };
}

function checkBlockTypes(fields: ConfigFields): void {
  const found = fields.find('up_block_types');
  const types: readonly unknown[] = found && Array.isArray(found.value) ? found.value : [];
  if (types.some((type) => type !== 'UpDecoderBlock2D'))
    wrong(found!, 'which is another kind of AutoencoderKL, and not supported; supported is UpDecoderBlock2D');
}

/** What latents were multiplied by. */
function scaleOf({ tensors }: Checkpoint, fields: ConfigFields, latentChannels: number): number {
  const told = fields.number('scaling_factor', 0, 1e6) ?? fields.number('scale_factor', 0, 1e6);
  if (told !== undefined) return told;
  if (latentChannels === USUAL_CHANNELS && !tensors.has(LARGER)) return USUAL_SCALE;
  throw new ProCacheError(
    'invalid-model',
    `the tensors do not tell what latents of ${latentChannels} channels were multiplied by, and it is not the ` +
      `${USUAL_SCALE} of Stable Diffusion; put the config.json of the vae beside the file ("scaling_factor")`,
  );
}

/** Groups of each normalisation, which divide the channels of all of them. */
function groupsOf(fields: ConfigFields, { blocks, first }: KlWeights): number {
  const told = fields.integer('norm_num_groups', 1, 4096) ?? fields.integer('norm_groups', 1, 4096);
  const groups = told ?? USUAL_GROUPS;
  const channels = [first, ...blocks.flatMap(({ resnets }) => resnets.map(({ conv2 }) => conv2))].map(madeBy);
  const odd = channels.find((count) => count % groups !== 0);
  if (odd === undefined) return groups;
  throw new ProCacheError(
    'invalid-model',
    `${groups} groups do not divide ${odd} channels of the decoder; ` +
      `put the config.json that belongs to these weights beside the file ("norm_num_groups")`,
  );
}

async function openTiny(checkpoint: Checkpoint, found: FoundTiny, fields: ConfigFields): Promise<OpenedDecoder> {
  const { layers, names } = await tinyLayers(checkpoint, found);
  const [first, last] = [layers[0], layers.at(-1)];
  if (first?.kind !== 'convolution' || last?.kind !== 'convolution')
    throw new ProCacheError('invalid-model', 'the tiny decoder does not begin and end with a convolution');
  const latentChannels = first.layer.weight.shape[1]!;
  const pixels = 2 ** layers.filter(({ kind }) => kind === 'double').length;
  checkArithmetic(fields, TINY_ARITHMETIC, 'AutoencoderTiny');
  checkClaims(fields, { latent_channels: latentChannels, out_channels: madeBy(last.layer) });
  checkLists(fields, tinyLists(layers));

  const scale = fields.number('scaling_factor', 0, 1e6) ?? 1;
  return {
    kind: 'autoencoder-tiny',
    flavour: found.flavour,
    ...{ latentChannels, pixels, channels: madeBy(last.layer), scale },
    valueRange: found.flavour === 'original' ? [0, 1] : [-1, 1],
    parameters: parametersOf(checkpoint, names),
    tiles: { cells: Math.floor(USUAL_TILE / pixels), pixels: USUAL_TILE, overlap: OVERLAP },
    graph: () => tinyGraph(layers, { flavour: found.flavour, scale }),
  };
}

/** Residual blocks between the doublings, and how wide they are. */
function tinyLists(layers: readonly TinyLayer[]): Readonly<Record<string, readonly number[]>> {
  const blocks = [0];
  const widths: number[] = [];
  for (const layer of layers) {
    if (layer.kind === 'double') blocks.push(0);
    else if (layer.kind === 'block') blocks[blocks.length - 1]!++;
    if (layer.kind === 'block' && widths.length < blocks.length) widths.push(madeBy(layer.layers[2]!));
  }
  return { num_decoder_blocks: blocks, decoder_block_out_channels: widths };
}

function parametersOf({ tensors }: Checkpoint, names: ReadonlySet<string>): number {
  return [...names].reduce((sum, name) => sum + elementCount(tensors.get(name)!.shape), 0);
}

function refuseUnknown({ tensors }: Checkpoint): never {
  const names = [...tensors.keys()];
  const some = names.slice(0, 3).map((name) => shownName(name));
  throw new ProCacheError(
    'invalid-model',
    `the ${names.length} tensors are not of a decoder (${some.join(', ')}${names.length > 3 ? ', ...' : ''}); ` +
      `supported are AutoencoderKL (the vae folder of a diffusers pipeline, or a file with the names of CompVis) and ` +
      `AutoencoderTiny (TAESD)`,
  );
}
