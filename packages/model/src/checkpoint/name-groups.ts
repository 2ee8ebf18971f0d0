import { isAnotherKey } from './weights-rank.ts';

/** Tensors of one dictionary whose names begin alike, and their names without that beginning. */
export interface NameGroup {
  /** What was dropped from the start of every name: `module._orig_mod.`, or nothing. */
  readonly prefix: string;
  /** The name in the file by the name without the prefix. */
  readonly names: ReadonlyMap<string, string>;
  /** Whether the names are those of a transformer. */
  readonly marked: boolean;
}

/** How the names of a dictionary are divided. */
export interface NameGroups {
  readonly groups: readonly NameGroup[];
  /** Names in the file that begin as no group does. */
  readonly rest: readonly string[];
}

/** A tensor that every block of a kind of transformer has; whatever stands before the blocks is a prefix. */
const ofBlock = new RegExp(
  String.raw`(?:^|\.)(?:${[
    String.raw`blocks\.\d{1,6}\.adaLN_modulation\.1\.weight`,
    String.raw`transformer_blocks\.\d{1,6}\.norm1\.linear\.weight`,
    String.raw`(?:transformer_)?blocks\.\d{1,6}\.scale_shift_table`,
    String.raw`double_blocks\.\d{1,6}\.img_mod\.lin\.weight`,
    String.raw`joint_blocks\.\d{1,6}\.x_block\.adaLN_modulation\.1\.weight`,
  ].join('|')})$`,
);

/** What torch puts into names wherever a module is compiled, sharded or recomputed. */
const torchWrapper =
  /(?<=^|\.)(?:_orig_mod|_fsdp_wrapped_module|_fpw_module|_checkpoint_wrapped_module|_forward_module)\./g;

/** What wrappers and training scripts put before all names of a model. */
const wrappers: ReadonlySet<string> = new Set([
  ...['model', 'module', 'net', 'network', 'diffusion_model', 'online_model'],
  ...['ema', 'ema_model', 'ema_module', 'model_ema', 'net_ema'],
]);

/** No checkpoint holds as many models. */
const mostGroups = 16;
/** Nor has it as many wrappers around one another. */
const mostWrappers = 16;

/**
 * Divides the names of a dictionary into those of the models in it.
 *
 * A model is told by a tensor that all of its kind have, so the prefix may be anything: wrappers in any order, the
 * attribute of a training module. Where no such tensor is found, what all names begin with is dropped if it is a
 * known wrapper. It takes time linear in the length of the names.
 */
export function groupNames(inFile: Iterable<string>): NameGroups {
  const names = withoutTorchWrappers([...inFile]);
  const prefixes = prefixesOfModels(names.keys());
  if (prefixes.length === 0) return { groups: [groupOf(names, commonWrappers(names), false)], rest: [] };
  const parts = new Map(prefixes.map((prefix) => [prefix, new Map<string, string>()]));
  const rest: string[] = [];
  for (const [name, original] of names) {
    const prefix = prefixes.find((each) => name.startsWith(each));
    if (prefix === undefined) rest.push(original);
    else parts.get(prefix)!.set(name, original);
  }
  return { groups: prefixes.map((prefix) => groupOf(parts.get(prefix)!, prefix, true)), rest };
}

/** The names without torch's wrappers, to those in the file; as they are where two would become one. */
function withoutTorchWrappers(inFile: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map(inFile.map((name) => [name.replace(torchWrapper, ''), name]));
  return names.size === inFile.length ? names : new Map(inFile.map((name) => [name, name]));
}

/** What stands before the models, the longest first, so that `ema.` is not taken for part of what has no prefix. */
function prefixesOfModels(names: Iterable<string>): readonly string[] {
  const prefixes = new Set<string>();
  for (const name of names) {
    const found = ofBlock.exec(name);
    if (found) prefixes.add(name.slice(0, found[0].startsWith('.') ? found.index + 1 : found.index));
    if (prefixes.size === mostGroups) break;
  }
  return [...prefixes].filter((prefix) => isModelOfItsOwn(prefix, prefixes)).sort((a, b) => b.length - a.length);
}

/**
 * Whether a prefix is that of a model, and not of a part of another: within `model.` there may be the average
 * `model.ema.`, but `model.decoder.` belongs to it.
 */
function isModelOfItsOwn(prefix: string, all: ReadonlySet<string>): boolean {
  return [...all].every((other) => {
    if (other === prefix || !prefix.startsWith(other)) return true;
    return prefix
      .slice(other.length, -1)
      .split('.')
      .every((part) => wrappers.has(part) || isAnotherKey(part));
  });
}

/** The wrappers that all names begin with. */
function commonWrappers(names: ReadonlyMap<string, string>): string {
  let prefix = '';
  const [first] = names.keys();
  for (let count = 0; first !== undefined && count < mostWrappers; count++) {
    const end = first.indexOf('.', prefix.length);
    if (end < 0 || end === first.length - 1 || !wrappers.has(first.slice(prefix.length, end))) return prefix;
    const longer = first.slice(0, end + 1);
    for (const name of names.keys()) if (!name.startsWith(longer) || name === longer) return prefix;
    prefix = longer;
  }
  return prefix;
}

function groupOf(names: ReadonlyMap<string, string>, prefix: string, marked: boolean): NameGroup {
  const group = new Map([...names].map(([name, original]) => [name.slice(prefix.length), original]));
  const [first] = group;
  return { prefix: first === undefined ? prefix : droppedFrom(first), names: group, marked };
}

/** The prefix as it stands in the file, torch's wrappers included. */
function droppedFrom([name, original]: readonly [name: string, original: string]): string {
  return original.endsWith(name) ? original.slice(0, original.length - name.length) : '';
}
