/** `builtins: eval exec` as `builtins.eval`, `builtins.exec`. */
function namesOf(line: string): readonly string[] {
  const [module, names] = line.split(': ') as [string, string];
  return names.split(' ').map((name) => `${module}.${name}`);
}

/** Words of several lines. */
function wordsOf(lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')));
}

/** Calls that make plain values: dates, paths, numbers, settings, states of random generators. */
export const plainCalls: ReadonlySet<string> = new Set(
  [
    '_codecs: encode',
    'argparse: Namespace',
    'array: array _array_reconstructor',
    'builtins: bool bytearray bytes complex float frozenset int list long object range set slice str tuple type',
    'builtins: unicode xrange',
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

/** The same, of which there are too many to list. */
export const plainCall: RegExp = /^(?:numpy\.random\.[\w.]+\.__pyx_unpickle_|torch\.return_types\.)\w+$/;

/** Modules of Python and around it that run programs or code, read and write files, or open connections. */
export const dangerousModules: ReadonlySet<string> = wordsOf([
  'IPython Pyro4 Pyro5 _ctypes _frozen_importlib _io _pickle _posixsubprocess _socket _thread aiohttp ast asyncio bdb',
  'cPickle cProfile cffi cloudpickle code codeop commands concurrent ctypes dill distutils docker doctest ensurepip',
  'execnet fabric fileinput ftplib gc glob http httplib idlelib imp importlib inspect io jinja2 joblib lib2to3',
  'linecache mako marshal multiprocessing nt os paramiko pdb pexpect pickle pip platform plumbum popen2 posix profile',
  'psutil pty pydoc requests rpyc runpy setuptools sh shelve shutil signal site smtplib socket socketserver sqlite3',
  'ssl subprocess sys tarfile telnetlib tempfile test threading timeit trace urllib urllib2 venv webbrowser wsgiref',
  'xmlrpc zipfile zipimport',
]);

/** Likewise in modules that have harmless names too. */
export const dangerousCalls: ReadonlySet<string> = new Set(
  [
    'builtins: __import__ apply breakpoint compile delattr eval exec execfile file getattr globals input locals open',
    'builtins: setattr vars',
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
export const dangerousPackage: RegExp = new RegExp(
  `^(?:${[
    String.raw`numpy\.(?:ctypeslib|distutils|f2py|testing)`,
    String.raw`torch\.(?:_dynamo|_inductor|distributed\.(?:elastic|rpc)|fx|hub|jit|package)`,
    String.raw`torch\.utils\.(?:_config_module|bottleneck|collect_env|cpp_extension|data\.datapipes)`,
    String.raw`torch\.(?:classes|ops)\.load_library`,
  ].join('|')})(?:\\.|$)`,
);

/** Names that lead from any module to those above: `torch.serialization.os.system`. */
export const dangerousParts: ReadonlySet<string> = wordsOf([
  'Popen Process Shell Subprocess __builtins__ __globals__ __import__ __subclasses__ builtins ctypes eval exec execv',
  'importlib nt os pickle popen posix runpy shutil subprocess sys system',
]);

/** Modules of Python with no class that a training script would keep a value of, but for those listed above. */
export const standardModules: ReadonlySet<string> = wordsOf([
  'abc atexit base64 binascii builtins bz2 calendar cmd codecs configparser contextlib copy copyreg csv curses',
  'dataclasses dbm difflib dis email faulthandler filecmp fnmatch functools getpass gettext gzip hashlib heapq hmac',
  'html imaplib itertools json keyword logging lzma mailbox mimetypes mmap netrc numbers numpy operator optparse',
  'pathlib pkgutil plistlib poplib pprint pstats queue quopri random readline reprlib resource sched secrets select',
  'selectors shlex string struct symtable sysconfig syslog tabnanny termios textwrap time tkinter token tokenize',
  'traceback tracemalloc tty turtle types typing unittest uu warnings weakref xml zlib',
]);
