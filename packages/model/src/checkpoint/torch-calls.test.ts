import { ProCacheError } from '@procache/core';
import { describe, expect, it } from 'vitest';

import {
  call,
  dictionary,
  global,
  integer,
  list,
  object,
  type Piece,
  saved,
  storage,
  pickledTensor,
  pickledText,
  tuple,
} from '../testing/torch-file.ts';
import { openCheckpoint } from './open-checkpoint.ts';

const weight = pickledTensor(storage('0', 6), 0, [2, 3], [3, 1]);
/** A training checkpoint with `extra` beside its weights. */
const open = (extra: Piece) => openCheckpoint(saved(dictionary({ model: dictionary({ weight }), extra })));
const named = (name: string): Piece =>
  global(name.slice(0, name.lastIndexOf('.')), name.slice(name.lastIndexOf('.') + 1));
const bytes: Piece = [0x43, 2, 1, 2];

describe('what training scripts keep beside the weights', () => {
  it.each<[string, Piece]>([
    ['a bytearray', call(named('builtins.bytearray'), bytes)],
    [
      'a bytearray of Python 2',
      call(named('__builtin__.bytearray'), call(named('_codecs.encode'), pickledText('ab'), pickledText('latin1'))),
    ],
    ['a complex number', call(named('__builtin__.complex'), integer(1), integer(2))],
    ['a member of an enumeration', call(named('my_project.config.Objective'), pickledText('velocity'))],
    ['a member of an enumeration of numbers', call(named('deepspeed.runtime.zero.config.ZeroStageEnum'), integer(2))],
    ['a flag of torch', call(named('torch.distributed.fsdp.api.StateDictType'), integer(1))],
    [
      'a member of an enumeration, by name',
      call(named('__builtin__.getattr'), named('my_project.Mode'), pickledText('FAST')),
    ],
    [
      'a class within a class',
      [
        call(named('builtins.getattr'), named('my_project.Model'), pickledText('Config')),
        ')',
        0x81,
        dictionary({}),
        'b',
      ],
    ],
    ['a deque', [call(named('collections.deque'), ['(t'], integer(100)), '(', integer(1), integer(2), 'e']],
    ['a counter', call(named('collections.Counter'), dictionary({ a: integer(1) }))],
    [
      'dates',
      list(
        ...['date', 'datetime', 'time', 'timedelta', 'timezone'].map((name) => call(named(`datetime.${name}`), bytes)),
      ),
    ],
    [
      'paths',
      list(
        ...['pathlib.PosixPath', 'pathlib._local.PosixPath', 'pathlib._local.WindowsPath', 'pathlib.PurePath'].map(
          (name) => call(named(name), pickledText('/a')),
        ),
      ),
    ],
    ['arguments', object('argparse', 'Namespace', dictionary({ lr: integer(1) }))],
    [
      'a configuration of omegaconf',
      object(
        'omegaconf.dictconfig',
        'DictConfig',
        dictionary({ _content: dictionary({ a: object('omegaconf.nodes', 'AnyNode') }) }),
      ),
    ],
    [
      'a type of a configuration',
      call(named('_operator.getitem'), named('typing.Dict'), tuple(named('builtins.str'), named('builtins.int'))),
    ],
    [
      'a configuration of easydict',
      [
        named('easydict.EasyDict'),
        ')',
        0x81,
        '(',
        pickledText('a'),
        integer(1),
        'u',
        dictionary({ a: integer(1) }),
        'b',
      ],
    ],
    [
      'a device, a type and a shape',
      list(
        call(named('torch.device'), pickledText('cuda'), integer(0)),
        named('torch.bfloat16'),
        call(named('torch.Size'), tuple(integer(2))),
      ),
    ],
    [
      'random generators',
      list(
        call(named('torch.Generator'), pickledText('cpu')),
        [call(named('random.Random')), dictionary({}), 'b'],
        call(named('numpy.random._pickle.__generator_ctor'), pickledText('PCG64')),
      ),
    ],
    [
      'numbers and arrays of numpy',
      list(
        call(named('numpy.core.multiarray.scalar'), call(named('numpy.dtype'), pickledText('f8')), bytes),
        call(named('numpy._core.multiarray._reconstruct'), named('numpy.ndarray'), tuple(integer(0)), bytes),
      ),
    ],
    [
      'a version, an identity, a decimal',
      list(
        [named('torch.torch_version.TorchVersion'), tuple(pickledText('2.1')), 0x81],
        object('uuid', 'UUID'),
        call(named('decimal.Decimal'), pickledText('1.5')),
      ),
    ],
    [
      'a timestamp of pandas',
      call(named('pandas._libs.tslibs.timestamps._unpickle_timestamp'), integer(1), 'N', 'N', integer(10)),
    ],
    [
      'functions and classes by name',
      list(named('torch.optim.adamw.AdamW'), named('os.path.join'), named('torch.nn.functional.gelu')),
    ],
    [
      'objects without content',
      call(named('copy_reg._reconstructor'), named('my_project.Trainer'), named('__builtin__.object'), 'N'),
    ],
    [
      'a member of an enumeration of functions',
      call(named('my_project.Activation'), named('torch.nn.functional.gelu')),
    ],
    [
      'a union of types',
      call(named('__builtin__.reduce'), named('_operator.or_'), tuple(named('builtins.int'), named('builtins.str'))),
    ],
    ['a logger', call(named('logging.getLogger'), pickledText('train'))],
  ])('opens with %s', async (_what, extra) => {
    expect([...(await open(extra)).tensors.keys()]).toEqual(['weight']);
  });

  it('reads ordered dictionaries that Python 2 wrote', async () => {
    const state = call(named('collections.OrderedDict'), list(list(pickledText('weight'), weight)));
    expect([...(await openCheckpoint(saved(dictionary({ state_dict: state })))).tensors.keys()]).toEqual(['weight']);
  });
});

const dangerous = [
  'os.system',
  'posix.system',
  'nt.system',
  'subprocess.Popen',
  'subprocess.check_output',
  'builtins.eval',
  '__builtin__.eval',
  'builtins.exec',
  'builtins.compile',
  'builtins.__import__',
  'builtins.open',
  'builtins.getattr',
  'runpy.run_path',
  'importlib.import_module',
  'pty.spawn',
  'socket.create_connection',
  'webbrowser.open',
  'shutil.rmtree',
  'pickle.loads',
  '_pickle.loads',
  'marshal.loads',
  'ctypes.CDLL',
  'types.CodeType',
  'types.FunctionType',
  'operator.methodcaller',
  'operator.attrgetter',
  'torch.load',
  'torch.serialization.load',
  'torch.storage._load_from_bytes',
  'torch.hub.load',
  'torch.jit.load',
  'torch.package.PackageImporter',
  'torch._inductor.codecache.compile_file',
  'torch.utils._config_module.ConfigModule.load_config',
  'torch.utils.collect_env.run',
  'numpy.f2py.crackfortran.getlincoef',
  'numpy.testing._private.utils.runstring',
  'numpy.load',
  'code.InteractiveInterpreter',
  'pip.main',
  'pip._internal.main',
  'idlelib.run.Executive.runcode',
  'timeit.timeit',
  'cProfile.run',
  'pdb.run',
  'bdb.Bdb',
  'asyncio.unix_events._UnixSubprocessTransport._start',
  'multiprocessing.util.spawnv_passfds',
  'requests.get',
  'urllib.request.urlopen',
  'http.client.HTTPSConnection',
  'ssl.get_server_certificate',
  'distutils.file_util.write_file',
  'doctest.debug_script',
  'ensurepip._run_pip',
  'psutil.Popen',
  'joblib.load',
  'dill.loads',
  'cloudpickle.loads',
  'torch.serialization.os.system',
  'my_project.utils.subprocess.Popen',
  'tornado.process.Subprocess',
  'logging.config.listen',
];
const unknown = [
  'my_project.build',
  'my_project.models.make_model',
  'functools.partial',
  'functools.reduce',
  'operator.getitem',
  'torch.add',
  'itertools.count',
  'numpy.add',
  'string.Formatter',
  'sympy.sympify',
];

describe('calls that are refused', () => {
  it.each(dangerous)('%s, with a warning', async (name) => {
    const error: unknown = await open(call(named(name), pickledText('id'))).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProCacheError);
    expect((error as Error).message).toBe(
      `saved.pt: the file asks to call ${name}, which can run programs or reach files; ` +
        `nothing was run here, but torch might: unless you know why it is there, do not load the file with torch ` +
        `either; take the weights as safetensors, or from another source`,
    );
  });

  it.each(unknown)('%s, without alarm', async (name) => {
    const error: unknown = await open(call(named(name), pickledText('id'))).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProCacheError);
    expect((error as Error).message).toBe(
      `saved.pt: the file asks to call ${name}, which is not known here, and nothing in a file is ever run; ` +
        `it need not be harmful, but what it makes cannot be read: have the weights saved alone with ` +
        `torch.save(model.state_dict(), path), or take them as safetensors`,
    );
  });

  it.each<[string, Piece, string]>([
    [
      'an attribute of a module',
      call(call(named('builtins.getattr'), named('my_project.os'), pickledText('system')), pickledText('id')),
      'my_project.os.system, which can run programs',
    ],
    [
      'a function bound to arguments that can run programs',
      call(named('functools.partial'), named('os.system'), pickledText('id')),
      'functools.partial, which can run programs',
    ],
    [
      'a function bound to arguments',
      call(named('functools.partial'), named('torch.optim.adamw.AdamW')),
      'functools.partial, which is not known here',
    ],
    [
      'a method of an object',
      call(call(named('builtins.getattr'), object('my_project', 'Model'), pickledText('build'))),
      'my_project.Model.build, which is not known here',
    ],
    [
      'a class of a function that can run programs',
      call(named('my_project.Callback'), named('os.system')),
      'my_project.Callback, which is not known here',
    ],
    [
      'a class with more than short values',
      call(named('my_project.Config'), dictionary({})),
      'my_project.Config, which is not known here',
    ],
    [
      'a function that rebuilds tensors of another',
      call(
        named('torch._tensor._rebuild_from_type_v2'),
        named('os.system'),
        named('torch.Tensor'),
        tuple(pickledText('id')),
        'N',
      ),
      'os.system, which can run programs',
    ],
    [
      'an attribute of absurd length',
      call(named('builtins.getattr'), named('a.b'), pickledText('x'.repeat(200))),
      'builtins.getattr, which can run programs',
    ],
  ])('%s', async (_what, extra, message) => {
    await expect(open(extra)).rejects.toThrow(`saved.pt: the file asks to call ${message}`);
  });

  it('names of absurd length', async () => {
    await expect(open(call(global('a'.repeat(300), 'b'.repeat(300))))).rejects.toThrow(
      'saved.pt: the pickle is damaged: a global has a name of 600 letters',
    );
    const error = await open(call(global(`a${'b'.repeat(150)}`, '\u001b[2JOK'))).catch(
      (caught: unknown) => caught as Error,
    );
    expect((error as Error).message).toMatch(/asks to call ab{76}\.\.\., which is not known here/);
  });
});
