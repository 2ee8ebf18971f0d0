import { ProCacheError } from '@procache/core';
import { type Placed, shown, shownName } from '@procache/core/untrusted';

/** Fields of a config.json, or what the user says instead; every field may be missing. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/** The fields of one file, and which of them anybody asked for. */
export class ConfigFile {
  readonly name: string;
  readonly fields: ConfigJson;
  readonly #asked = new Set<string>();

  constructor(name: string, fields: ConfigJson) {
    this.name = name;
    this.fields = fields;
  }

  /** The value of a field; nothing where it is missing. */
  ask(field: string): Placed | undefined {
    this.#asked.add(field);
    const value = Object.hasOwn(this.fields, field) ? this.fields[field] : undefined;
    return value === undefined ? undefined : { value, place: `${this.name}: ${field}`, code: 'invalid-model' };
  }

  /** The fields that nobody asked for, each with its place. What begins with `_` says who wrote the file. */
  unread(): readonly string[] {
    const names = Object.keys(this.fields).filter((name) => !this.#asked.has(name) && !name.startsWith('_'));
    return names.map((name) => `${this.name}: ${shownName(name)}`);
  }
}

/**
 * Fields that may stand in several files, of which the first that has a field tells it.
 *
 * Nothing in them is trusted: every reader checks type and range, and says what is wrong with the file and the field
 * (`scheduler_config.json: beta_start: "x" is not ...`). A field that is `null` is not there, but hides those of the
 * files after it.
 */
export class ConfigFields {
  readonly #files: readonly ConfigFile[];

  constructor(...files: readonly (ConfigFile | undefined)[]) {
    this.#files = files.filter((file) => file !== undefined);
  }

  /** The value of a field that may have several names, and where it stands. */
  find(...names: readonly string[]): Placed | undefined {
    const found = this.findNull(...names);
    return found?.value === null ? undefined : found;
  }

  /** The same, where `null` means something. */
  findNull(...names: readonly string[]): Placed | undefined {
    const byFile = this.#files.map((file) => {
      const found = names.map((name) => file.ask(name)).filter((each) => each !== undefined);
      return found.find(({ value }) => value !== null) ?? found[0];
    });
    return byFile.find((found) => found !== undefined);
  }

  /** An integer of a closed range. */
  integer(name: string | readonly string[], least: number, most: number): number | undefined {
    const found = this.find(...[name].flat());
    if (found === undefined) return undefined;
    const { value } = found;
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
    return wrong(found, `not an integer from ${least} to ${most}`);
  }

  /** A number between two others, neither of which it may be. */
  number(name: string, above: number, below: number): number | undefined {
    const found = this.find(name);
    if (found === undefined) return undefined;
    const { value } = found;
    if (typeof value === 'number' && value > above && value < below) return value;
    return wrong(found, `not a number between ${above} and ${below}`);
  }

  /** A number from 0 to 1. */
  share(name: string): number | undefined {
    const found = this.find(name);
    if (found === undefined) return undefined;
    const { value } = found;
    return typeof value === 'number' && value >= 0 && value <= 1 ? value : wrong(found, 'not a number from 0 to 1');
  }

  /** Whether something is so; `null` is Python's None, and says no. */
  flag(name: string): boolean | undefined {
    const found = this.findNull(name);
    if (found === undefined) return undefined;
    if (found.value === null) return false;
    return typeof found.value === 'boolean' ? found.value : wrong(found, 'neither true nor false');
  }

  /** One of some names. */
  choice<Name extends string>(name: string | readonly string[], names: readonly Name[]): Name | undefined {
    const found = this.find(...[name].flat());
    if (found === undefined) return undefined;
    return (
      names.find((known) => known === found.value) ??
      wrong(found, `which is not supported; supported are ${names.join(', ')}`)
    );
  }
}

/** Refuses a value: `config.json: depth is "x", not an integer from 1 to 5`. */
export function wrong({ value, place }: Placed, problem: string): never {
  throw new ProCacheError('invalid-model', `${place} is ${shown(value)}, ${problem}`);
}
