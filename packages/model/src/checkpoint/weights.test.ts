import { describe, expect, it } from 'vitest';

import {
  call,
  counts,
  dictionary,
  global,
  hooks,
  integer,
  list,
  object,
  type Piece,
  saved,
  storage,
  pickledTensor,
  pickledText,
} from '../testing/torch-file.ts';
import { bytesSource } from './byte-source.ts';
import { type Checkpoint } from './checkpoint.ts';
import { weightsTaken } from './checkpoint-of.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { readFloats } from './read-floats.ts';
import { writeSafetensors } from './safetensors-writer.ts';

/** As many of a DiT's names as tell it. */
const names = [
  'pos_embed',
  'x_embedder.proj.weight',
  'blocks.0.adaLN_modulation.1.weight',
  'blocks.0.attn.qkv.weight',
  'blocks.1.adaLN_modulation.1.weight',
  'final_layer.linear.weight',
];

/** The values of each set of weights, so that it is known which was taken. */
const [raw, averaged, other] = [1, 2, 3];
const value = (which: number): Piece => pickledTensor(storage('0', 6), which, [1, 1], [1, 1]);
const scalar = (which: number): Piece => pickledTensor(storage('0', 6), which, [], []);
const entries = (which: number, prefix = '', without: readonly string[] = []): Record<string, Piece> =>
  Object.fromEntries(names.filter((name) => !without.includes(name)).map((name) => [`${prefix}${name}`, value(which)]));
const weights = (which: number, prefix = '', without: readonly string[] = []): Piece =>
  dictionary(entries(which, prefix, without));
const open = (root: Readonly<Record<string, Piece>>): Promise<Checkpoint> => openCheckpoint(saved(dictionary(root)));

const valueOf = async (checkpoint: Checkpoint, name: string): Promise<number> =>
  (await readFloats(checkpoint.tensors.get(name)!))[0]!;

/** That just the model's tensors are there, under its own names, all with the values of one set of weights. */
async function expectWeights(checkpoint: Checkpoint, which: number): Promise<void> {
  expect([...checkpoint.tensors.keys()].toSorted()).toEqual(names.toSorted());
  for (const name of names) expect(await valueOf(checkpoint, name), name).toBe(which);
}

const optimiser = dictionary({ state: dictionary({ exp_avg: weights(other), step: scalar(0) }), param_groups: list() });
/** The parameters of torch_ema: in their order, without names. */
const listed = dictionary({
  decay: integer(1),
  num_updates: integer(7),
  shadow_params: list(value(averaged), value(averaged)),
  collected_params: 'N',
});

describe('of a training checkpoint', () => {
  it.each<[string, Record<string, Piece>, string]>([
    [
      'DiT',
      { model: weights(raw), ema: weights(averaged), opt: optimiser, args: object('argparse', 'Namespace') },
      'ema',
    ],
    [
      'timm',
      { epoch: integer(1), state_dict: weights(raw), optimizer: optimiser, state_dict_ema: weights(averaged) },
      'state_dict_ema',
    ],
    [
      'k-diffusion',
      {
        model: weights(raw),
        model_ema: weights(averaged),
        opt: optimiser,
        ema_stats: dictionary({ decay: integer(1) }),
      },
      'model_ema',
    ],
    [
      'suffixes',
      { model_state_dict: weights(raw), ema_state_dict: weights(averaged), optimizer_state_dict: optimiser },
      'ema_state_dict',
    ],
    ['basicsr', { params: weights(raw), params_ema: weights(averaged) }, 'params_ema'],
    [
      'a wrapper of torch',
      { model: weights(raw, 'module.'), ema: dictionary({ ...entries(averaged, 'module.'), n_averaged: scalar(1) }) },
      'ema',
    ],
    [
      'ema_pytorch',
      {
        model: weights(raw),
        ema: dictionary({
          ...entries(raw, 'online_model.'),
          ...entries(averaged, 'ema_model.'),
          initted: scalar(1),
          step: scalar(1),
        }),
      },
      'ema',
    ],
    [
      'a wrapper with dictionaries',
      { model: weights(raw), ema: dictionary({ online_model: weights(raw), ema_model: weights(averaged) }) },
      'ema.ema_model',
    ],
    [
      'a wrapper whose model is the raw one',
      { ema: dictionary({ model: weights(raw), ema_model: weights(averaged) }) },
      'ema.ema_model',
    ],
    [
      'ModelEmaV2',
      { state_dict: weights(raw), ema: dictionary({ module: weights(averaged), decay: scalar(0) }) },
      'ema.module',
    ],
    [
      'a shadow',
      {
        state_dict: weights(raw),
        ema: dictionary({ decay: scalar(0), num_updates: scalar(1), shadow: weights(averaged) }),
      },
      'ema.shadow',
    ],
    [
      'a callback',
      {
        state_dict: weights(raw, 'model.'),
        callbacks: dictionary({ EMACallback: dictionary({ ema_weights: weights(averaged) }) }),
      },
      'callbacks.EMACallback.ema_weights',
    ],
    ['camel case', { net: weights(raw), netEma: weights(averaged) }, 'netEma'],
    ['a decay', { model: weights(raw), 'ema_0.9999': weights(averaged) }, 'ema_0.9999'],
    ['stochastic averaging', { model: weights(raw), swa_model: weights(averaged, 'module.') }, 'swa_model'],
    [
      'a list of averages',
      { net: weights(raw), emas: list(dictionary({ decay: integer(1), state: weights(averaged) })) },
      'emas.0.state',
    ],
    ['one word', { model: weights(raw), modelema: weights(averaged) }, 'modelema'],
    [
      'words around it',
      { model: weights(raw), exponential_moving_average: weights(averaged) },
      'exponential_moving_average',
    ],
    ['nothing but the average', { 'ema-state': weights(averaged), step: integer(3) }, 'ema-state'],
    [
      'the average at the top level, in part under a prefix',
      { ...entries(raw, 'net.'), ...entries(averaged, 'net_ema.') },
      'top level',
    ],
  ])('of %s the average is taken', async (_of, root, state) => {
    const checkpoint = await open(root);
    await expectWeights(checkpoint, averaged);
    expect(checkpoint.metadata.get('procache.state')).toBe(state);
  });

  it.each<[string, Record<string, Piece>, string]>([
    [
      'counters under ema',
      { ema: dictionary({ decay: scalar(0), num_updates: scalar(1) }), net: weights(raw) },
      "'net'",
    ],
    [
      'counters that are no tensors',
      { ema: dictionary({ decay: integer(0) }), model_state_dict: weights(raw) },
      "'model_state_dict'",
    ],
    [
      'parameters without names',
      { model: weights(raw), ema: listed },
      "'model' (not averaged: 'ema.shadow_params' does not name its tensors)",
    ],
    [
      'a pickled module',
      { model: weights(raw), ema: object('models', 'DiT') },
      "'model' (not averaged: 'ema' does not name its tensors)",
    ],
    [
      'DeepSpeed',
      { module: weights(raw), buffer_names: list(), ds_config: dictionary({}), ds_version: pickledText('0.1') },
      "'module'",
    ],
    [
      'Lightning, which keeps the average instead of the weights',
      {
        state_dict: weights(raw),
        current_model_state: weights(other),
        averaging_state: dictionary({ n_averaged: scalar(1) }),
      },
      "'state_dict' (passed over: 'current_model_state')",
    ],
    ['a teacher', { student: weights(raw), teacher: weights(other) }, "'student' (passed over: 'teacher')"],
    [
      'a discriminator',
      { generator: weights(raw), fake_score: weights(other) },
      "'generator' (passed over: 'fake_score')",
    ],
    ['a key of its own', { my_dit: weights(raw), step: scalar(1) }, "'my_dit'"],
    [
      'keys around keys',
      { checkpoint: dictionary({ state: dictionary({ network: weights(raw) }) }) },
      "'checkpoint.state.network'",
    ],
    [
      'an average of another module',
      { model: weights(raw), ema: dictionary({ 'projector.weight': value(averaged) }) },
      "'model'",
    ],
    [
      'an average of a part',
      {
        model: weights(raw),
        ema: weights(averaged, '', ['blocks.1.adaLN_modulation.1.weight', 'final_layer.linear.weight']),
      },
      "'model' (not averaged: 'ema' lacks 2 of the 6 tensors ('blocks.1.adaLN_modulation.1.weight', " +
        "'final_layer.linear.weight'))",
    ],
    [
      'an average in other shapes',
      {
        model: weights(raw),
        ema: dictionary({
          ...entries(averaged),
          'x_embedder.proj.weight': pickledTensor(storage('0', 6), 2, [2], [1]),
        }),
      },
      "'model' (not averaged: 'ema' lacks 1 of the 6 tensors ('x_embedder.proj.weight'))",
    ],
  ])('with %s the other weights are taken, and the reason is told', async (_with, root, taken) => {
    const checkpoint = await open(root);
    await expectWeights(checkpoint, raw);
    expect(weightsTaken(checkpoint)).toBe(taken);
  });

  it('what training never changes may be missing from an average, and is taken from the other weights', async () => {
    const checkpoint = await open({ model: weights(raw), ema: weights(averaged, '', ['pos_embed']) });
    expect(await valueOf(checkpoint, 'pos_embed')).toBe(raw);
    expect(await valueOf(checkpoint, 'x_embedder.proj.weight')).toBe(averaged);
    expect(weightsTaken(checkpoint)).toBe(
      "'ema' (with 'pos_embed' of 'model', as averages leave it out; passed over: 'model')",
    );
  });

  it('finds the buffers of LitEma, whose names have no dots', async () => {
    const dotless = Object.fromEntries(
      names.slice(1).map((name) => [`model_ema.diffusion_model${name.replaceAll('.', '')}`, value(averaged)]),
    );
    const state = {
      ...entries(raw, 'model.diffusion_model.'),
      ...dotless,
      'model_ema.decay': scalar(0),
      'first_stage_model.a': value(other),
      logvar: value(other),
    };
    const checkpoint = await open({
      state_dict: dictionary(state),
      hyper_parameters: object('omegaconf.dictconfig', 'DictConfig'),
    });
    expect([...checkpoint.tensors.keys()].toSorted()).toEqual(names.toSorted());
    expect(await valueOf(checkpoint, 'blocks.0.attn.qkv.weight')).toBe(averaged);
    expect(weightsTaken(checkpoint)).toBe(
      "names after 'model_ema.' in 'state_dict' (with 'pos_embed' of names after 'model.diffusion_model.' in " +
        "'state_dict', as averages leave it out; passed over: names after 'model.diffusion_model.' in 'state_dict'; " +
        "2 tensors beside the model left out ('first_stage_model.a', 'logvar'))",
    );
  });

  it('refuses two models that nothing tells apart, and names both', async () => {
    await expect(open({ first: weights(raw), second: weights(other) })).rejects.toThrow(
      "saved.pt: it holds several sets of weights ('first', 'second'), and nothing tells which is meant; " +
        'save one alone with torch.save(model.state_dict(), path)',
    );
  });

  it('takes what an optimiser keeps for no weights, even where nothing else has names', async () => {
    await expect(open({ optimizer: optimiser, opt_state: optimiser, epoch: integer(3) })).rejects.toThrow(
      "saved.pt: no tensors with names were found in it; the 3 keys begin with 'optimizer', 'opt_state', 'epoch'",
    );
  });

  it('passes over dictionaries that hold themselves, and those that many share', async () => {
    // }q\x00 X.. h\x00 s: a dictionary with itself under a key
    const looped: Piece = ['}', 'q', 0, pickledText('self'), 'h', 0, 's', pickledText('model'), weights(raw), 's'];
    await expectWeights(await openCheckpoint(saved(looped)), raw);
    let nested: Piece = weights(raw);
    for (let depth = 0; depth < 3; depth++)
      nested = ['}(', pickledText('a'), nested, 0x94, pickledText('b'), 'h', depth, 'u'];
    await expectWeights(await openCheckpoint(saved(nested)), raw);
  });

  it('says where the weights of a rank of several are to be found', async () => {
    const empty = Object.fromEntries(names.map((name) => [name, pickledTensor(storage('0', 6), 0, [0], [1])]));
    await expect(open({ module: dictionary(empty) })).rejects.toThrow(
      'saved.pt: 6 of its 6 tensors have no values, as in a file of one process of several; ' +
        'gather the weights first (zero_to_fp32.py for DeepSpeed)',
    );
  });
});

describe('what stands before all names', () => {
  const prefixes = [
    '_orig_mod.',
    'module.',
    'model.',
    'ema_model.',
    'ema.',
    'net.',
    'model.diffusion_model.',
    'module._orig_mod.',
    '_orig_mod.module.',
    'module.module.',
    'model._orig_mod.',
    'module.model.',
    'model.module.',
    'state_dict.',
    '_forward_module.module.',
    '_fsdp_wrapped_module._orig_mod.',
    'denoiser.dit.',
    'a.b.c.d.',
  ];
  const values = (prefix: string, rename = (name: string): string => name) =>
    new Map(names.map((name) => [`${prefix}${rename(name)}`, { shape: [1, 1], data: Float32Array.of(raw) }]));

  it.each(prefixes)('%s is dropped, in torch files and in safetensors', async (prefix) => {
    for (const checkpoint of [
      await open({ state_dict: weights(raw, prefix) }),
      await openCheckpoint(bytesSource('a.safetensors', writeSafetensors(values(prefix)))),
    ]) {
      await expectWeights(checkpoint, raw);
      expect(checkpoint.metadata.get('procache.prefix')).toBe(prefix);
    }
  });

  it.each(['_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module'])(
    '%s is dropped within names too',
    async (wrapper) => {
      const within = values('model.', (name) => name.replace(/^(blocks\.\d+)/, `$1.${wrapper}`));
      await expectWeights(await openCheckpoint(bytesSource('a.safetensors', writeSafetensors(within))), raw);
    },
  );

  it('may differ from what other tensors begin with, which are left out and told', async () => {
    const all = values('dit.');
    for (const name of ['vae.a', 'vae.b', 'betas']) all.set(name, { shape: [1], data: Float32Array.of(other) });
    const checkpoint = await openCheckpoint(bytesSource('a.safetensors', writeSafetensors(all)));
    await expectWeights(checkpoint, raw);
    expect(weightsTaken(checkpoint)).toBe(
      "names after 'dit.' (3 tensors beside the model left out ('vae.a', 'vae.b' and 1 more))",
    );
  });

  it('tells averages in one file apart', async () => {
    const average = new Map(
      names.map((name) => [`ema_model.module.${name}`, { shape: [1, 1], data: Float32Array.of(averaged) }]),
    );
    const checkpoint = await openCheckpoint(
      bytesSource('a.safetensors', writeSafetensors(new Map([...values(''), ...average]))),
    );
    await expectWeights(checkpoint, averaged);
    expect(weightsTaken(checkpoint)).toBe("names after 'ema_model.module.' (passed over: the top level)");
  });

  it.each(['decoder.', 'aux.net2.'])('is no prefix where it is that of a part: %s', async (part) => {
    for (const prefix of ['', 'model.']) {
      const whole = new Map([...values(prefix), ...values(`${prefix}${part}`)]);
      const { tensors } = await openCheckpoint(bytesSource('a.safetensors', writeSafetensors(whole)));
      expect([...tensors.keys()].toSorted()).toEqual([...names, ...names.map((name) => `${part}${name}`)].toSorted());
    }
  });

  it.each(['ema.', 'ema_model.module.', 'teacher.'])(
    'is that of another model beside one without: %s',
    async (prefix) => {
      const whole = new Map([...values(''), ...values(prefix)]);
      const { tensors } = await openCheckpoint(bytesSource('a.safetensors', writeSafetensors(whole)));
      expect([...tensors.keys()].toSorted()).toEqual(names.toSorted());
    },
  );

  it('stays where it is part of the names', async () => {
    const some = await open({ 'module.a': value(raw), b: value(raw) });
    expect([...some.tensors.keys()]).toEqual(['module.a', 'b']);
    const clash = await open({ '_orig_mod.a': value(raw), a: value(raw) });
    expect([...clash.tensors.keys()]).toEqual(['_orig_mod.a', 'a']);
    const nothing = await open({ 'module.': value(raw), 'model.x': value(raw) });
    expect([...nothing.tensors.keys()]).toEqual(['module.', 'model.x']);
  });

  it('is dropped from whatever else there is where it is a known wrapper', async () => {
    expect([...(await open({ 'module.model.a': value(raw), 'module.model.b.c': value(raw) })).tensors.keys()]).toEqual([
      'a',
      'b.c',
    ]);
    expect([...(await open({ 'encoder.a': value(raw), 'encoder.b': value(raw) })).tensors.keys()]).toEqual([
      'encoder.a',
      'encoder.b',
    ]);
  });

  it('does not count what the file itself says of it', async () => {
    const file = writeSafetensors(
      values(''),
      new Map([
        ['procache.state', 'ema'],
        ['procache.note', 'all is well'],
        ['author', 'me'],
      ]),
    );
    expect(Object.fromEntries((await openCheckpoint(bytesSource('a', file))).metadata)).toEqual({ author: 'me' });
  });
});

describe('tensors that nobody needs', () => {
  const kinds: readonly (readonly [string, Piece, type: string, message: string])[] = [
    [
      'sparse',
      call(
        global('torch._utils', '_rebuild_sparse_tensor'),
        call(global('torch.serialization', '_get_layout'), pickledText('torch.sparse_coo')),
        tuple3(),
      ),
      'sparse',
      "tensor 'w': it is stored sparse; store it as a plain tensor",
    ],
    [
      'quantised',
      call(
        global('torch._utils', '_rebuild_qtensor'),
        storage('0', 6, 'QInt8Storage'),
        integer(0),
        counts([2]),
        counts([1]),
        list(),
        '\x89',
        hooks,
      ),
      'torch.QInt8Storage',
      "tensor 'w': it is stored quantised; store it as a plain tensor",
    ],
    [
      'complex',
      pickledTensor(storage('0', 3, 'ComplexFloatStorage'), 0, [1], [1]),
      'torch.ComplexFloatStorage',
      "tensor 'w': its values are stored as torch.ComplexFloatStorage, which is not read here; " +
        'convert the tensor to F32, F16 or BF16',
    ],
    [
      'of eight bits',
      typed('float8_e4m3fn'),
      'torch.float8_e4m3fn',
      "tensor 'w': its values are stored as torch.float8_e4m3fn, which is not read here; " +
        'convert the tensor to F32, F16 or BF16',
    ],
    [
      'on no device',
      call(
        global('torch._utils', '_rebuild_meta_tensor_no_storage'),
        global('torch', 'float32'),
        counts([4]),
        counts([1]),
        '\x89',
      ),
      'torch.float32',
      "tensor 'w': it is stored on no device (meta); store it as a plain tensor",
    ],
    [
      'of a class of its own',
      call(
        global('torch._tensor', '_rebuild_from_type_v2'),
        global('torch._utils', '_rebuild_tensor_v2'),
        global('torchao', 'Tensor'),
        tensorArguments(),
        dictionary({}),
      ),
      'torchao.Tensor',
      "tensor 'w': it is stored as torchao.Tensor; store it as a plain tensor",
    ],
    [
      'negated',
      call(
        global('torch._utils', '_rebuild_tensor_v2'),
        storage('0', 6),
        integer(0),
        counts([1]),
        counts([1]),
        '\x89',
        hooks,
        dictionary({ neg: '\x88' }),
      ),
      'torch.FloatStorage',
      "tensor 'w': it is stored noted to be negated or conjugated; store it as a plain tensor",
    ],
    [
      'a distributed tensor',
      call(
        global('torch._tensor', '_rebuild_from_type_v2'),
        global('torch._utils', '_rebuild_wrapper_subclass'),
        global('torch.distributed.tensor', 'DTensor'),
        [
          '(',
          global('torch.distributed.tensor', 'DTensor'),
          global('torch', 'float32'),
          counts([4, 4]),
          counts([4, 1]),
          integer(0),
          'N',
          'N',
          '\x89',
          't',
        ],
        dictionary({}),
      ),
      'torch.distributed.tensor.DTensor',
      "tensor 'w': it is stored as torch.distributed.tensor.DTensor; store it as a plain tensor",
    ],
    [
      'from numpy',
      call(
        global('torch._utils', '_rebuild_device_tensor_from_numpy'),
        'N',
        global('torch', 'float32'),
        pickledText('xla'),
        '\x89',
      ),
      'torch.float32',
      "tensor 'w': it is stored from a numpy array; store it as a plain tensor",
    ],
  ];

  it.each(kinds)('may be %s, and are refused when they are read', async (_kind, piece, type, message) => {
    const { tensors } = await open({ w: piece, v: value(raw) });
    const w = tensors.get('w')!;
    expect(w.type).toBe(type);
    await expect(readFloats(w)).rejects.toThrow(`saved.pt: ${message}`);
    expect(await valueOf({ tensors } as Checkpoint, 'v')).toBe(raw);
  });

  it('rebuilds what is a plain tensor after all', async () => {
    const parts: Record<string, Piece> = {
      cpu: call(
        global('torch._utils', '_rebuild_device_tensor_from_cpu_tensor'),
        value(raw),
        global('torch', 'float32'),
        pickledText('xla'),
        '\x89',
      ),
      subclass: call(
        global('torch._tensor', '_rebuild_from_type_v2'),
        global('torch._utils', '_rebuild_tensor_v2'),
        global('torch.nn.parameter', 'Parameter'),
        tensorArguments(),
        dictionary({ _is_hf_initialized: '\x88' }),
      ),
      stateful: call(
        global('torch._utils', '_rebuild_parameter_with_state'),
        value(raw),
        '\x88',
        hooks,
        dictionary({}),
      ),
      parameter: [global('torch.nn.parameter', 'Parameter'), ['(', value(raw), '\x89', 't'], 0x81],
      typed: typed('float32'),
    };
    const checkpoint = await open(parts);
    for (const name of Object.keys(parts)) expect(await valueOf(checkpoint, name), name).toBe(raw);
  });

  function tuple3(): Piece {
    return [
      '(',
      pickledTensor(storage('0', 3, 'LongStorage'), 0, [1, 1], [1, 1]),
      value(raw),
      counts([5000, 5000]),
      't',
    ];
  }

  function tensorArguments(): Piece {
    return ['(', storage('0', 6), integer(raw), counts([1]), counts([1]), '\x89', hooks, 't'];
  }

  function typed(element: string): Piece {
    return call(
      global('torch._utils', '_rebuild_tensor_v3'),
      storage('0', 24, 'UntypedStorage', 'torch.storage'),
      integer(raw),
      counts([1]),
      counts([1]),
      '\x89',
      hooks,
      global('torch', element),
    );
  }
});
