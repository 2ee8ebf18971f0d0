import { type BranchId, parseBranch } from '@procache/core';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import type { ModelFamily } from '../families/family.ts';
import {
  type CrossAttention,
  crossAttention,
  crossAttentionLayers,
  crossContext,
  crossContexts,
} from '../families/parts/cross-attention.ts';
import { type Mlp, mlp } from '../families/parts/mlp.ts';
import { entriesOf, gateOf, modulated, shiftOf, shiftOfHead } from '../families/parts/modulated.ts';
import { embedPatches, imageOfTokens, type PatchEmbedding, patchLinear } from '../families/parts/patches.ts';
import { positionTable } from '../families/parts/positions.ts';
import {
  fusedSelfAttention,
  type SelfAttention,
  selfAttention,
  selfAttentionLayers,
} from '../families/parts/self-attention.ts';
import { checkTexts, TEXT, textInputs, timestepRows } from '../families/parts/texts.ts';
import { embedTimesteps, type TimestepEmbedder, timestepEmbedder } from '../families/parts/timesteps.ts';
import { parametersOf, transformerModel } from '../families/transformer-model.ts';
import { WeightFinder, type WeightSource } from '../families/weight-finder.ts';
import type { Emitter } from '../graphs/emitter.ts';
import { asRows, gelu, linear, silu } from '../graphs/layers.ts';
import type { TransformerModel } from '../model.ts';
import { inlineWeight, type Linear, reshaped, type Weight } from '../onnx/weight.ts';

// A family that draws texts, for tests: the blocks of PixArt (adaLN-single, attention to text without normalisation or
// gate), very small, its latents not square. It uses what all families have, and says only what is its own.

/** Two blocks over 2 x 4 x 6 latents, whose patches are 2 x 3 tokens 8 wide; texts of 5 tokens of 6 numbers. */
export const TINY_TEXT_SIZES = {
  depth: 2,
  width: 8,
  heads: 2,
  mlpWidth: 12,
  patch: 2,
  channels: 2,
  rows: 2,
  columns: 3,
  frequencies: 8,
  textTokens: 5,
  textWidth: 6,
} as const;

const S = TINY_TEXT_SIZES;
const GRID = { rows: S.rows, columns: S.columns, patch: S.patch };
const TOKENS = S.rows * S.columns;
const EPSILON = 1e-6;
const TIMESTEPS = 'timesteps';

/** The family of the models that `tinyTextTensors` makes. */
export const TINY_TEXT: ModelFamily = {
  id: 'tiny-text',
  name: 'tiny text model',
  recognises: ({ tensors }) => tensors.has('tiny_text.caption.fc1.weight'),
  open: openTinyText,
};

/** Tensors by their names. */
export type FloatTensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** The tensors of a model, of random numbers. */
export async function tinyTextTensors(seed: number): Promise<FloatTensors> {
  const shapes: [string, readonly number[]][] = [['tiny_text.nothing', [S.textTokens, S.textWidth]]];
  const list: WeightSource = {
    linear: async (name, out, inner) => ({
      weight: await list.weight(`${name}.weight`, [out, inner]),
      bias: await list.weight(`${name}.bias`, [out]),
    }),
    weight: (name, shape) => {
      shapes.push([name, shape]);
      return Promise.resolve(inlineWeight(new Float32Array(), shape));
    },
  };
  await weightsOf(list);
  const random = randomNumbers(seed);
  return new Map(shapes.map(([name, shape]) => [name, { shape, data: random(shape.reduce((a, b) => a * b)) }]));
}

/** Numbers between -0.75 and 0.75. */
export function randomNumbers(seed: number): (count: number) => Float32Array {
  let state = seed;
  const next = () => ((state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5) * 1.5;
  return (count) => Float32Array.from({ length: count }, next);
}

interface Weights extends PatchEmbedding {
  readonly time: TimestepEmbedder;
  /** [6 * width, width]: of all blocks. */
  readonly modulation: Linear;
  /** [mlpWidth, textWidth], [width, mlpWidth]: what the blocks see of a text. */
  readonly caption: Mlp;
  readonly blocks: readonly Block[];
  /** [2, width] */
  readonly headTable: Weight;
  readonly head: Linear;
}

interface Block {
  /** What is its own of the modulation, [6, width]. */
  readonly table: Weight;
  readonly attention: SelfAttention;
  readonly cross: CrossAttention;
  readonly mlp: Mlp;
}

async function weightsOf(find: WeightSource): Promise<Weights> {
  const own = (name: string) => `tiny_text.${name}`;
  const layers = async (name: string, [inner, middle, out]: readonly [number, number, number]): Promise<Mlp> => ({
    fc1: await find.linear(own(`${name}.fc1`), middle, inner),
    fc2: await find.linear(own(`${name}.fc2`), out, middle),
  });
  const blocks: Block[] = [];
  for (let i = 0; i < S.depth; i++) {
    const cross = (name: string) => find.linear(own(`parts.${i}.cross.${name}`), S.width, S.width);
    blocks.push({
      table: await find.weight(own(`parts.${i}.table`), [6, S.width]),
      attention: await fusedSelfAttention(find, own(`parts.${i}.attn`), { ...S, normsHeads: false }),
      cross: {
        query: await cross('query'),
        keys: await cross('keys'),
        values: await cross('values'),
        projection: await cross('projection'),
      },
      mlp: await layers(`parts.${i}.mlp`, [S.width, S.mlpWidth, S.width]),
    });
  }
  return {
    blocks,
    patch: await patchLinear(find, own('patch'), S),
    positions: inlineWeight(positionTable([S.rows, S.columns], S.width), [TOKENS, S.width]),
    time: await timestepEmbedder(find, [own('time.0'), own('time.2')], S),
    modulation: await find.linear(own('modulation'), 6 * S.width, S.width),
    caption: await layers('caption', [S.textWidth, S.mlpWidth, S.width]),
    headTable: await find.weight(own('head.table'), [2, S.width]),
    head: await find.linear(own('head'), S.patch ** 2 * S.channels, S.width),
  };
}

async function openTinyText(checkpoint: Checkpoint): Promise<TransformerModel> {
  const weights = await weightsOf(new WeightFinder(checkpoint));
  const nothing = checkpoint.tensors.get('tiny_text.nothing')!;
  const takes = {
    kind: 'texts',
    tokens: S.textTokens,
    width: S.textWidth,
    unconditional: { values: await readFloats(nothing), tokens: S.textTokens },
  } as const;
  return transformerModel({
    family: 'tiny-text',
    flavour: 'original',
    topology: { blocks: weights.blocks.map(() => ['attn', 'cross', 'mlp']), grid: [S.rows, S.columns] },
    latent: { channels: S.channels, outChannels: S.channels, height: S.rows * S.patch, width: S.columns * S.patch },
    stream: { tokens: TOKENS, width: S.width, entries: entriesOf(S.depth) },
    takes,
    defaults: { trainTimesteps: 1000, rule: 'leading', guidanceChannels: S.channels },
    parameters: parametersOf(checkpoint, checkpoint.tensors.keys()),
    unreadFields: [],
    valueRange: undefined,
    checkConditions: (conditions) => checkTexts(takes, conditions),
    modulationRows: (timesteps) => timestepRows(TIMESTEPS, timesteps, { ...S, frequencyShift: 0 }),
    contexts: crossContexts(
      weights.blocks.map((_, i) => `${i}.cross` as const),
      S,
    ),
    contextInputs: (texts) => textInputs(takes, texts),
    gateOf,
    emitter: emitterOf(weights),
    sizes: {
      hidden: S.width,
      mlpRatio: S.mlpWidth / S.width,
      patch: S.patch,
      channels: S.channels,
      outChannels: S.channels,
      modulation: 'shared',
      textTokens: S.textTokens,
    },
    layersOf: (branch) => layersOf(weights, branch),
  });
}

function layersOf({ blocks }: Weights, branch: BranchId): readonly Linear[] {
  const { block, module } = parseBranch(branch);
  const { attention, cross, mlp: own } = blocks[block]!;
  if (module === 'attn') return selfAttentionLayers(attention);
  return module === 'cross' ? crossAttentionLayers(cross) : [own.fc1, own.fc2];
}

function emitterOf(weights: Weights): Emitter {
  return {
    embed: (g, latent) => embedPatches(g, latent, weights, GRID),
    module(g, branch, calls) {
      const { block, module } = parseBranch(branch);
      const own = weights.blocks[block]!;
      if (module === 'cross') return crossAttention(g, { branch, calls }, own.cross, { ...S, tokens: TOKENS });
      const shape = { tokens: TOKENS, width: S.width, shift: shiftOf(branch), epsilon: EPSILON };
      return module === 'attn'
        ? selfAttention(g, calls, own.attention, { ...shape, heads: S.heads })
        : mlp(g, calls, own.mlp, { ...shape, activation: 'gelu-tanh' });
    },
    head(g, x, modulation) {
      const tokens = modulated(g, x, modulation, { shift: shiftOfHead(S.depth), width: S.width, epsilon: EPSILON });
      return imageOfTokens(g, tokens, weights.head, { ...GRID, channels: S.channels });
    },
    modulations(g, rows, owners) {
      const time = embedTimesteps(g, g.input(TIMESTEPS, 'float32', [rows, S.frequencies]), weights.time);
      const shared = linear(g, silu(g, time), weights.modulation);
      const twice = g.op('Concat', [time, time], { axis: 1 });
      const each = owners.map((owner) =>
        owner === 'head'
          ? g.op('Add', [twice, g.weight(reshaped(weights.headTable, [2 * S.width]))])
          : g.op('Add', [shared, g.weight(reshaped(weights.blocks[owner]!.table, [6 * S.width]))]),
      );
      return g.op('Concat', each, { axis: 1 });
    },
    contexts(g, texts, contexts) {
      const text = g.input(TEXT, 'float32', [texts, S.textTokens, S.textWidth]);
      const { fc1, fc2 } = weights.caption;
      const captions = linear(g, gelu(g, linear(g, asRows(g, text, S.textWidth), fc1)), fc2);
      const layersOf = (branch: BranchId) => weights.blocks[parseBranch(branch).block]!.cross;
      return contexts.map((context) => crossContext(g, captions, context, layersOf));
    },
  };
}
