import { shownName } from '@procache/core/untrusted';

import { isPickled, type Pickled } from './pickle-value.ts';

/**
 * What is made of the calls in a pickle that rebuild no tensor. None is ever run: a call is refused, or its result is
 * an object without content. What is refused tells the user something about the file; what is passed over does not.
 */
export type CallKind = 'plain' | 'dangerous' | 'unknown';

/** Calls that make plain values: dates, paths, numbers, settings, states of random generators. */
const plain: ReadonlySet<string> = new Set(
  [
    '_codecs: encode',
    'argparse: Namespace',
    'array: array _array_reconstructor',
    'builtins: bool bytearray bytes complex float frozenset int list long object range set slice str tuple type unicode xrange',
    'collections: ChainMap Counter UserDict UserList UserString deque',
    'datetime: date datetime time timedelta timezone',
    'dateutil.tz.tz: tzfile tzlocal tzoffset tzutc',
    'decimal: Decimal',
    'fractions: Fraction',
    'ipaddress: IPv4Address IPv4Network IPv6Address IPv6Network',
    'logging: getLogger',
    'numpy: dtype ndarray',
    'numpy.core.multiarray: _reconstruct scalar',
    'numpy.core.numeric: _frombuffer',
    'numpy.ma.core: _mareconstruct',
    'numpy.random._pickle: __bit_generator_ctor __generator_ctor __randomstate_ctor',
    'pandas._libs.arrays: __pyx_unpickle_NDArrayBacked',
    'pandas._libs.internals: _unpickle_block',
    'pandas._libs.tslibs.timedeltas: _timedelta_unpickle',
    'pandas._libs.tslibs.timestamps: _unpickle_timestamp',
    'pandas.core.indexes.base: _new_Index',
    'pathlib: Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath',
    'pytz: _UTC _p',
    'random: Random',
    're: _compile',
    'time: struct_time',
    'torch: Generator device dtype finfo iinfo memory_format',
    'torch.serialization: _get_layout',
    'torch.torch_version: TorchVersion',
    'types: GenericAlias SimpleNamespace',
    'uuid: SafeUUID UUID',
    'zoneinfo: ZoneInfo ZoneInfo._unpickle',
  ].flatMap(namesOf),
);

/** Modules of Python and around it that run programs or code, read and write files, or open connections. */
const dangerousModules: ReadonlySet<string> = new Set(
  (
    '_ctypes _frozen_importlib _io _pickle _posixsubprocess _socket _thread Pyro4 Pyro5 aiohttp ast asyncio bdb cffi cloudpickle code codeop commands ' +
    'concurrent cPickle cProfile ctypes dill distutils docker doctest ensurepip fabric fileinput ftplib gc glob http httplib idlelib imp ' +
    'execnet importlib inspect io IPython jinja2 joblib lib2to3 linecache mako marshal multiprocessing nt os paramiko pdb pexpect pickle pip platform plumbum ' +
    'popen2 posix profile psutil pty pydoc requests rpyc runpy setuptools sh shelve shutil signal site smtplib socket socketserver sqlite3 ssl ' +
    'subprocess sys tarfile telnetlib tempfile test threading timeit trace urllib urllib2 venv webbrowser wsgiref xmlrpc zipfile zipimport'
  ).split(' '),
);

/** Likewise in modules that have harmless names too. */
const dangerous: ReadonlySet<string> = new Set(
  [
    'builtins: __import__ apply breakpoint compile delattr eval exec execfile file getattr globals input locals open setattr vars',
    'codecs: open',
    'logging.config: dictConfig fileConfig listen',
    'numpy: fromfile load loads loadtxt memmap save savez',
    'operator: attrgetter itemgetter methodcaller',
    'pandas: eval read_pickle',
    'torch: load save',
    'torch.serialization: load save',
    'torch.storage: _load_from_bytes',
    'types: CodeType FunctionType LambdaType MethodType',
  ].flatMap(namesOf),
);

/** Whole packages of that kind. */
const dangerousPackage =
  /^(?:numpy\.(?:ctypeslib|distutils|f2py|testing)|torch\.(?:_dynamo|_inductor|distributed\.(?:elastic|rpc)|fx|hub|jit|package|utils\.(?:_config_module|bottleneck|collect_env|cpp_extension|data\.datapipes))|torch\.(?:classes|ops)\.load_library)(?:\.|$)/;

/** Names that lead from any module to those above: `torch.serialization.os.system`. */
const dangerousParts: ReadonlySet<string> = new Set(
  'Popen Process Shell Subprocess __builtins__ __globals__ __import__ __subclasses__ builtins ctypes eval exec execv importlib nt os pickle popen posix runpy shutil subprocess sys system'.split(' '),
);

/** Modules of Python with no class that a training script would keep a value of, but for those listed above. */
const standardModules: ReadonlySet<string> = new Set(
  (
    'abc atexit base64 binascii builtins bz2 calendar cmd codecs configparser contextlib ' +
    'copy copyreg csv curses dataclasses dbm difflib dis email faulthandler filecmp fnmatch functools getpass gettext gzip hashlib heapq hmac ' +
    'html imaplib itertools json keyword logging lzma mailbox mimetypes mmap netrc numbers numpy operator optparse pathlib pkgutil plistlib ' +
    'poplib pprint pstats queue quopri random readline reprlib resource sched secrets select selectors shlex string struct symtable sysconfig ' +
    'syslog tabnanny termios textwrap time tkinter token tokenize traceback tracemalloc tty turtle types typing unittest uu warnings weakref ' +
    'xml zlib'
  ).split(' '),
);

/** `builtins: eval exec` as `builtins.eval`, `builtins.exec`. */
function namesOf(line: string): readonly string[] {
  const [module, names] = line.split(': ') as [string, string];
  return names.split(' ').map((name) => `${module}.${name}`);
}

/** The name that a function has today: pickles keep those of Python 2, and modules move. */
export function modernName(name: string): string {
  return name
    .replace(/^(?:__builtin__|exceptions)\./, 'builtins.')
    .replace(/^copy_reg\./, 'copyreg.')
    .replace(/^_operator\./, 'operator.')
    .replace(/^pathlib\.(?:_local|_abc)\./, 'pathlib.')
    .replace(/^numpy\._core\./, 'numpy.core.');
}

/** What is made of a call; `name` is a modern name. */
export function kindOfCall(name: string, args: readonly Pickled[]): CallKind {
  if (plain.has(name) || /^(?:numpy\.random\.[\w.]+\.__pyx_unpickle_|torch\.return_types\.)\w+$/.test(name)) return 'plain';
  if (name === 'functools.partial') return isPickled(args[0], 'global') && isDangerous(modernName(args[0].name)) ? 'dangerous' : 'unknown';
  if (name === 'operator.getitem') return isTypeHint(args[0]) ? 'plain' : 'unknown';
  if (isDangerous(name)) return 'dangerous';
  return isValueOfClass(name, args) ? 'plain' : 'unknown';
}

function isDangerous(name: string): boolean {
  const [module = '', ...parts] = name.split('.');
  return dangerousModules.has(module) || dangerous.has(name) || dangerousPackage.test(name) || parts.some((part) => dangerousParts.has(part));
}

/** `typing.Dict[str, int]` in the settings of a training run. */
function isTypeHint(value: Pickled | undefined): boolean {
  return isPickled(value, 'global') && /^(?:typing|builtins|collections(?:\.abc)?)\.\w+$/.test(value.name);
}

/**
 * Whether a call can only make a value of some class: an enumeration is pickled as a call of its class with the one
 * value, a date type with its unit. Classes are written with a capital, and what they are called with is short.
 */
function isValueOfClass(name: string, args: readonly Pickled[]): boolean {
  const parts = name.split('.');
  if (standardModules.has(parts[0]!) || !/^_?[A-Z]\w*$/.test(parts.at(-1)!)) return false;
  if (parts[0] === 'torch') return args.length === 1 && typeof args[0] === 'number';
  return args.length <= mostValues && args.every((arg) => isScalar(arg) || (Array.isArray(arg) && arg.length <= mostValues && arg.every(isScalar)));
}

const mostValues = 16;
const longestText = 200;

function isScalar(value: Pickled): boolean {
  if (typeof value === 'string') return value.length <= longestText;
  return value === null || ['boolean', 'number', 'bigint'].includes(typeof value);
}

/** Why a call is refused, for a message: only what can do harm is to alarm. */
export function refusedCall(name: string, kind: Exclude<CallKind, 'plain'>): string {
  const call = `the file asks to call ${shownName(name)}`;
  return kind === 'dangerous'
    ? `${call}, which can run programs or reach files; nothing was run here, but torch might: ` +
        'unless you know why it is there, do not load the file with torch either; take the weights as safetensors, or from another source'
    : `${call}, which is not known here, and nothing in a file is ever run; it need not be harmful, but what it makes cannot be read: ` +
        'have the weights saved alone with torch.save(model.state_dict(), path), or take them as safetensors';
}
