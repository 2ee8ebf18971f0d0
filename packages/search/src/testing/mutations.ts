import fc from 'fast-check';

/** Values that no file should hold where another stands. */
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  -1e308,
  Number.MAX_SAFE_INTEGER,
  2 ** 31,
  '',
  'x',
  'NaN',
  'Infinity',
  '-Infinity',
  '__proto__',
  'x'.repeat(100_000),
  [],
  {},
  [null],
  [[[[]]]],
  { toString: null, valueOf: 1 },
  { length: 4 },
  Array.from({ length: 5000 }, () => 0),
  nested(150),
  nested(1000),
];

function nested(depth: number): unknown {
  let inner: unknown = [];
  for (let i = 0; i < depth; i++) inner = [inner];
  return inner;
}

/**
 * One value somewhere in a JSON value replaced, removed, doubled, or given a member more. Places are drawn as numbers,
 * so that they shrink.
 */
export function mutated(json: unknown): fc.Arbitrary<unknown> {
  const paths = pathsOf(json);
  const how = fc.oneof(
    fc.constantFrom(...ODD).map((value) => ({ value })),
    fc.constantFrom('remove' as const, 'double' as const, 'add' as const),
    fc.double().map((value) => ({ value })),
  );
  return fc.tuple(fc.nat(paths.length - 1), how).map(([at, change]) => changed(json, paths[at]!, change));
}

type Change = { readonly value: unknown } | 'remove' | 'double' | 'add';

function pathsOf(json: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (typeof json !== 'object' || json === null) return [path];
  const members: readonly (readonly [string | number, unknown])[] = Array.isArray(json)
    ? json.slice(0, 20).map((value, i) => [i, value] as const)
    : Object.entries(json);
  return [path, ...members.flatMap(([key, value]) => pathsOf(value, [...path, key]))];
}

function changed(json: unknown, [key, ...rest]: readonly (string | number)[], change: Change): unknown {
  if (key === undefined)
    return typeof change === 'object'
      ? change.value
      : change === 'add' && typeof json === 'object'
        ? { ...json, more: 1 }
        : null;
  if (Array.isArray(json)) {
    const copy: unknown[] = [...(json as readonly unknown[])];
    if (rest.length > 0 || typeof change === 'object' || change === 'add')
      copy[key as number] = changed(copy[key as number], rest, change);
    else copy.splice(key as number, 1, ...(change === 'double' ? [copy[key as number], copy[key as number]] : []));
    return copy;
  }
  const entries = Object.entries(json as object) as [string, unknown][];
  return Object.fromEntries(
    entries.flatMap(([name, value]): [string, unknown][] => {
      if (name !== key) return [[name, value]];
      if (rest.length > 0 || typeof change === 'object' || change === 'add')
        return [[name, changed(value, rest, change)]];
      return change === 'double'
        ? [
            [name, value],
            [`${name}2`, value],
          ]
        : [];
    }),
  );
}
