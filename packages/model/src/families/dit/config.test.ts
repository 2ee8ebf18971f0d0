/// <reference types="node" />
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { ProCacheError } from '@procache/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesSource } from '../../checkpoint/byte-source.ts';
import type { Checkpoint, StoredTensor } from '../../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../checkpoint/open-checkpoint.ts';
import type { ConfigJson } from '../../config/fields.ts';
import { ModelConfig } from '../../config/model-config.ts';
import { guidanceOf } from '../../guidance.ts';
import { openModel } from '../../open-model.ts';

const fixtures = new URL('../../../../conformance/fixtures/', import.meta.url);
const openFixture = (name: string): Promise<Checkpoint> =>
  openCheckpoint(bytesSource(name, new Uint8Array(readFileSync(new URL(name, fixtures)))));
const configOf = (name: string) => JSON.parse(readFileSync(new URL(name, fixtures), 'utf8')) as ConfigJson;
let original: Checkpoint; // 28 blocks, 32 wide, latents of 4x16x16, 10 classes
let diffusers: Checkpoint;
let diffusersConfig: ConfigJson;

beforeAll(async () => {
  original = await openFixture('dit/model.safetensors');
  diffusers = await openFixture('modules/dit/diffusion_pytorch_model.safetensors');
  diffusersConfig = configOf('modules/dit/config.json');
});

const open = (config: ConfigJson) => openModel(original, { num_heads: 4, ...config });
const openDiffusers = (config: ConfigJson) => openModel(diffusers, { ...diffusersConfig, ...config });

/** The original checkpoint with other shapes of some tensors. */
function reshaped(shapes: Readonly<Record<string, readonly number[]>>): Checkpoint {
  const tensors = [...original.tensors].map(([name, tensor]): [string, StoredTensor] => [
    name,
    shapes[name] ? { ...tensor, shape: shapes[name] } : tensor,
  ]);
  return { ...original, tensors: new Map(tensors) };
}

describe('fields that change what is computed', () => {
  it.each([
    [
      { activation_fn: 'geglu' },
      'activation_fn is "geglu", which is not supported; supported are gelu-approximate, gelu, linear-silu',
    ],
    [{ activation_fn: 7 }, 'activation_fn is 7, which is not supported'],
    [
      { norm_elementwise_affine: true },
      'norm_elementwise_affine is true, which is another kind of DiT, and not supported; supported is false',
    ],
    [
      { norm_type: 'ada_norm_single' },
      'norm_type is "ada_norm_single", which is another kind of DiT, and not supported; supported is "ada_norm_zero"',
    ],
    [{ attention_bias: false }, 'attention_bias is false, which is another kind of DiT'],
    [{ attention_type: 'gated' }, 'attention_type is "gated", which is another kind of DiT'],
    [
      { cross_attention_dim: 768 },
      'cross_attention_dim is 768, which is another kind of DiT, and not supported; supported is none',
    ],
    [{ only_cross_attention: true }, 'only_cross_attention is true, which'],
    [{ double_self_attention: true }, 'double_self_attention is true, which'],
    [{ caption_channels: 4096 }, 'caption_channels is 4096, which'],
    [{ num_vector_embeds: 10 }, 'num_vector_embeds is 10, which'],
    [
      { interpolation_scale: 2 },
      'interpolation_scale is 2, which is another kind of DiT, and not supported; supported is 1',
    ],
    [{ norm_eps: -1 }, 'norm_eps is -1, not a number between 0 and 1'],
    [{ out_channels: 4 }, 'out_channels is 4, but the tensors say 8'],
    [{ attention_head_dim: 8 }, 'attention_head_dim is 8, but the tensors say 16'],
    [{ num_embeds_ada_norm: 1000 }, 'num_embeds_ada_norm is 1000, but the table of labels has 11 rows'],
    [{ sample_size: 1e9 }, 'sample_size is 1000000000, not an integer from 1 to 256'],
    [{ sample_size: 7 }, 'patches of 2 do not tile images of 7'],
    [{ sample_size: [8, 8] }, 'sample_size is [8,8], not an integer'],
    [{ num_layers: 28.5 }, 'num_layers is 28.5, but the tensors say'],
  ])('are refused by name, of diffusers: %o', async (fields, message) => {
    await expect(openDiffusers(fields)).rejects.toThrow(message);
  });

  it.each([
    [{ qkv_bias: false }, 'config.json: qkv_bias is false, which is another kind of DiT'],
    [{ qk_norm: true }, 'config.json: qk_norm is true, but the tensors say false'],
    [{ family: 'pixart' }, 'config.json: family is "pixart", but the tensors are those of a DiT; take'],
    [{ flavour: 'diffusers' }, 'config.json: flavour is "diffusers", which'],
    [{ use_rope: true }, 'config.json: use_rope is true, which'],
    [{ norm_eps: 1e-5 }, 'config.json: norm_eps is 0.00001, but a DiT in the original naming has 0.000001 everywhere'],
    [{ mlp_ratio: 3 }, 'config.json: mlp_ratio is 3, but the tensors say 4'],
    [{ ff_inner_dim: 99 }, 'config.json: ff_inner_dim is 99, but the tensors say 128'],
    [{ ff_bias: false }, 'config.json: ff_bias is false, which is another kind of DiT'],
    [{ positional_embeddings: 'sinusoidal' }, 'config.json: positional_embeddings is "sinusoidal", which is another'],
    [{ pos_embed_type: 'rope' }, 'config.json: pos_embed_type is "rope", which is another kind of DiT'],
    [{ learn_sigma: false }, 'config.json: learn_sigma is false, but the tensors say true'],
    [{ hidden_size: '32' }, 'config.json: hidden_size is "32", but the tensors say 32'],
    [
      { prediction: 'v' },
      'config.json: prediction is "v", which is not supported; supported are epsilon, v_prediction, sample, velocity',
    ],
    [{ num_heads: 5 }, 'config.json: num_heads is 5, but 5 heads do not divide the width of 32'],
    [{ num_heads: 1e9 }, 'config.json: num_heads is 1000000000, not an integer from 1 to 32'],
    [
      { num_heads: null, attention_head_dim: 5 },
      'config.json: attention_head_dim is 5, but 6.4 heads do not divide the width of 32',
    ],
    [
      { num_classes: 1 },
      'config.json: num_classes is 1, but the table of labels has 11 rows, one per class and at most one for ' +
        '"no class"',
    ],
    [{ num_classes: 1e9 }, 'config.json: num_classes is 1000000000, not an integer from 0 to 1000000'],
    [{ class_dropout_prob: 2 }, 'config.json: class_dropout_prob is 2, not a number from 0 to 1'],
    [{ guidance_channels: 9 }, 'config.json: guidance_channels is 9, not an integer from 1 to 8'],
    [
      { value_range: [0, 0] },
      'config.json: value_range is [0,0], not a pair of numbers of which the second is larger, such as [-1, 1]',
    ],
    [{ value_range: [1, -1] }, 'config.json: value_range is [1,-1], not a pair'],
    [{ value_range: [0, Infinity] }, 'config.json: value_range is [0,Infinity], not a pair'],
    [{ value_range: [0, 1, 2] }, 'config.json: value_range is [0,1,2], not a pair'],
    [{ value_range: 'x'.repeat(1e6) }, 'config.json: value_range is "xxx'],
    [{ train_timesteps: 1e9 }, 'config.json: train_timesteps is 1000000000, not an integer from 2 to 100000'],
  ])('are refused by name, of the original: %o', async (fields, message) => {
    const error: unknown = await open(fields).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ProCacheError);
    expect((error as ProCacheError).message).toContain(message);
    expect((error as ProCacheError).message.length).toBeLessThan(400);
  });

  it('a width of heads is refused where the user takes back what the file says of their number', async () => {
    const config = ModelConfig.of({ attention_head_dim: 3, num_heads: 4 }).with({ num_heads: null });
    await expect(openModel(original, config)).rejects.toThrow(
      'config.json: attention_head_dim is 3, but 10.666666666666666 heads do not divide the width of 32',
    );
  });

  it('or what they say is followed', async () => {
    expect(
      (
        await openDiffusers({
          activation_fn: 'gelu',
          norm_eps: 1e-3,
          upcast_attention: true,
          dropout: 0.1,
          interpolation_scale: 1,
        })
      ).unreadFields,
    ).toEqual([]);
    expect(
      (
        await open({
          mlp_ratio: 4,
          learn_sigma: true,
          qk_norm: false,
          qkv_bias: true,
          class_dropout_prob: 0.1,
          prediction: 'epsilon',
        })
      ).unreadFields,
    ).toEqual([]);
  });

  it('are all known of the published pipeline facebook/DiT-XL-2-256', async () => {
    const { num_attention_heads, attention_head_dim, num_layers, sample_size } = diffusersConfig;
    const config = {
      ...{
        _class_name: 'Transformer2DModel',
        _diffusers_version: '0.12.0.dev0',
        activation_fn: 'gelu-approximate',
        attention_bias: true,
        attention_head_dim,
      },
      ...{
        cross_attention_dim: null,
        double_self_attention: false,
        dropout: 0.0,
        in_channels: 4,
        norm_elementwise_affine: false,
        norm_num_groups: 32,
      },
      ...{
        norm_type: 'ada_norm_zero',
        num_attention_heads,
        num_embeds_ada_norm: 10,
        num_layers,
        num_vector_embeds: null,
        only_cross_attention: false,
      },
      ...{ out_channels: 8, patch_size: 2, sample_size, upcast_attention: false, use_linear_projection: false },
    };
    const scheduler = {
      ...{
        _class_name: 'DDIMScheduler',
        _diffusers_version: '0.12.0.dev0',
        beta_end: 0.02,
        beta_schedule: 'linear',
        beta_start: 0.0001,
        clip_sample: false,
      },
      ...{
        num_train_timesteps: 1000,
        prediction_type: 'epsilon',
        set_alpha_to_one: true,
        steps_offset: 0,
        trained_betas: null,
      },
    };
    const model = await openModel(
      diffusers,
      ModelConfig.parse({ config: JSON.stringify(config), scheduler: JSON.stringify(scheduler) }),
    );
    expect(model.unreadFields).toEqual([]);
    expect(model.defaults).toMatchObject({ sampler: 'ddim', rule: 'leading', clip: undefined, guidanceChannels: 4 });
  });

  it('that nobody knows are told, but for those that say who wrote the file', async () => {
    const model = await open({ _class_name: 'DiT', act_layer: 'relu', 'x\u001b': 1 });
    expect(model.unreadFields).toEqual(['config.json: act_layer', 'config.json: x\\u{1b}']);
  });

  it('names of members that every object has are fields like any other', async () => {
    const config = configOf('cases/29-hostile-numbers-and-depth/config.json');
    await expect(openModel(original, config)).rejects.toThrow('config.json: sample_size is 4, but the tensors say 16');
    await expect(open({ hasOwnProperty: 'linear', constructor: 1, num_classes: 1e9 })).rejects.toThrow(
      'config.json: num_classes is 1000000000',
    );
  });
});

describe('channels', () => {
  it('of the output are those of the input, or twice as many', async () => {
    const with12 = { 'final_layer.linear.weight': [48, 32], 'final_layer.linear.bias': [48] };
    await expect(openModel(reshaped(with12), { num_heads: 4 })).rejects.toThrow(
      'the model takes 4 channels and gives 12; supported are 4 of noise, or 8 where 4 of variance come with them',
    );
    await expect(openModel(reshaped({ 'final_layer.linear.weight': [30, 32] }), { num_heads: 4 })).rejects.toThrow(
      "is not a multiple of the patch's 4 pixels",
    );
  });

  it('that guidance acts on are the first 3 of the output in the original, of the latent in diffusers', async () => {
    const of = async (channels: number, outChannels: number) => {
      const shapes = {
        'x_embedder.proj.weight': [32, channels, 2, 2],
        'final_layer.linear.weight': [4 * outChannels, 32],
        'final_layer.linear.bias': [4 * outChannels],
      };
      return (await openModel(reshaped(shapes), { num_heads: 4 })).defaults.guidanceChannels;
    };
    expect([await of(4, 8), await of(4, 4), await of(2, 4), await of(1, 2), await of(1, 1)]).toEqual([3, 3, 3, 2, 1]);
    expect((await openDiffusers({})).defaults.guidanceChannels).toBe(4);
    expect((await open({ guidance_channels: 1 })).defaults.guidanceChannels).toBe(1);
  });
});

describe('classes', () => {
  const table = (rows: number, config: ConfigJson = {}) =>
    openModel(reshaped({ 'y_embedder.embedding_table.weight': [rows, 32] }), { num_heads: 4, ...config });

  it.each([
    [11, {}, { count: 10, unconditional: 10, guessed: true }],
    [11, { num_classes: 10 }, { count: 10, unconditional: 10, guessed: false }],
    [11, { num_classes: 11 }, { count: 11, unconditional: undefined, guessed: false }],
    [11, { class_dropout_prob: 0 }, { count: 11, unconditional: undefined, guessed: false }],
    [11, { class_dropout_prob: 0.1 }, { count: 10, unconditional: 10, guessed: false }],
    [1, {}, { count: 1, unconditional: undefined, guessed: false }],
    [1, { num_classes: 1, class_dropout_prob: 0 }, { count: 1, unconditional: undefined }],
    [1, { num_classes: 0 }, { count: 1, unconditional: undefined }],
  ])('of a table of %d rows with %o', async (rows, config, labels) => {
    expect((await table(rows, config)).takes).toMatchObject(labels);
  });

  it('are as many as the table has rows, or one less', async () => {
    for (const rows of [4, 3])
      await expect(table(rows, { num_classes: 1 })).rejects.toThrow(
        `num_classes is 1, but the table of labels has ${rows} rows`,
      );
    await expect(table(4, { num_classes: 5 })).rejects.toThrow('num_classes is 5, but the table of labels has 4 rows');
    await expect(table(2_000_000)).rejects.toThrow(
      'the table of labels has 2000000 rows, more than the 1000000 that are supported',
    );
  });
});

describe('guidanceOf', () => {
  it('is what the model says of guidance, with a scale', async () => {
    expect(guidanceOf(await open({}), 4)).toEqual({ scale: 4, unconditional: 10, channels: 3 });
    expect(guidanceOf(await open({}), 1)).toBeUndefined();
    expect(guidanceOf(await open({ num_classes: 11 }), 1)).toBeUndefined();
    expect(() =>
      guidanceOf(
        {
          takes: { kind: 'classes', count: 1, unconditional: undefined, guessed: false, names: undefined },
          defaults: { guidanceChannels: 3 } as never,
        },
        4,
      ),
    ).toThrow(
      'guidance of scale 4 takes a model that knows images without a class, which this one does not; use a scale of 1',
    );
  });
});

describe('whatever the files hold', () => {
  const FIELDS = [
    ...[
      'num_heads',
      'num_attention_heads',
      'attention_head_dim',
      'sample_size',
      'num_classes',
      'num_embeds_ada_norm',
      'class_dropout_prob',
      'classes',
      'id2label',
    ],
    ...[
      'value_range',
      'train_timesteps',
      'beta_start',
      'beta_end',
      'beta_schedule',
      'prediction',
      'guidance_channels',
      'norm_eps',
      'activation_fn',
      'mlp_ratio',
      'depth',
    ],
    ...[
      'timestep_spacing',
      'steps_offset',
      'set_alpha_to_one',
      'clip_sample',
      'clip_sample_range',
      'trained_betas',
      'rescale_betas_zero_snr',
      'variance_type',
      '_class_name',
    ],
    ...[
      'num_train_timesteps',
      'thresholding',
      'dynamic_thresholding_ratio',
      'shift',
      'family',
      'path_type',
      'sampler',
      'scheduler',
      'qk_norm',
      'learn_sigma',
      '__proto__',
      'toString',
    ],
  ];
  const numbers = fc.oneof(fc.integer({ min: -2, max: 40 }), fc.double(), fc.constantFrom(1e9, 2 ** 53, -0, 0.5, 1000));
  const words = fc.constantFrom(
    'v_prediction',
    'FlowMatchEulerDiscreteScheduler',
    'heun',
    'sit',
    'linear',
    'scaled_linear',
    'squaredcos_cap_v2',
    'epsilon',
    'DDIMScheduler',
    'DDPMScheduler',
    'trailing',
    'ddim',
    'gelu',
    'learned_range',
  );
  const values = fc.oneof(
    numbers,
    words,
    fc.boolean(),
    fc.constant(null),
    fc.array(numbers, { maxLength: 12 }),
    fc.jsonValue({ maxDepth: 4 }),
  );
  const object = fc.dictionary(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...FIELDS) }, { weight: 1, arbitrary: fc.string() }),
    values,
    { maxKeys: 8, noNullPrototype: false },
  );

  it('a model opens, or a ProCacheError says what is wrong, within two seconds', async () => {
    await fc.assert(
      fc.asyncProperty(object, object, object, object, async (config, scheduler, index, added) => {
        const around = { scheduler: JSON.stringify(scheduler), index: JSON.stringify(index) };
        for (const [checkpoint, base] of [
          [original, { num_heads: 4 }],
          [diffusers, diffusersConfig],
        ] as const) {
          const started = Date.now();
          try {
            const read = ModelConfig.parse({ ...around, config: JSON.stringify({ ...base, ...config }) }).with(added);
            const { takes, valueRange, defaults } = await openModel(checkpoint, read);
            expect([10, 11]).toContain(takes.kind === 'classes' && takes.count);
            expect(valueRange === undefined || valueRange[0] < valueRange[1]).toBe(true);
            expect(defaults.trainTimesteps).toBeGreaterThanOrEqual(2);
          } catch (cause) {
            if (!(cause instanceof ProCacheError)) throw cause;
            expect(cause.message.length).toBeLessThan(500);
          }
          expect(Date.now() - started).toBeLessThan(2000);
        }
      }),
      { numRuns: 400 },
    );
  }, 120_000);
});
