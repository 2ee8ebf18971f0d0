import { type Branch, branchesOf, modulesOf, type Schedule, scheduleOf, type Topology } from '@procache/core';
import { objectOf, refuse } from '@procache/core/untrusted';
import { memberPlace } from '../place.ts';
import { bitsOf } from './lists.ts';
import { checkFirstStep, computes, ourModule, refuseModule, refuseSecond, theirModule } from './modules.ts';

/** The list of a module, or of the module of one block. */
interface ModuleList {
  /** As the file has it: `attn1`, `mlp-3`. */
  readonly name: string;
  readonly module: string;
  /** The only block that it is for; of all blocks that have no list of their own where it is absent. */
  readonly block: number | undefined;
  readonly bits: readonly boolean[];
}

/**
 * The schedule in a JSON file of SmoothCache (arXiv 2411.10510): for each kind of module a list of 1 (compute) and 0
 * (reuse).
 *
 * The first number is the first step taken. A list `mlp-3` is that of block 3, and goes before `mlp`, the list of all
 * blocks; a module that has neither is computed at every step. So has it the rule of SmoothCache's code
 * (`SmoothCacheHelper.is_skip_step`).
 *
 * @throws {ProCacheError} `invalid-schedule` with the place in the file.
 */
export function fromSmoothCache(json: unknown, topology: Topology): Schedule {
  const lists = listsOf(json, topology);
  const [first] = lists.values();
  if (!first) refuse('smoothcache', 'lists no module; give "attn" or "mlp" a list of 1 (compute) and 0 (reuse)');
  const listOf = ({ block, module }: Branch): ModuleList | undefined =>
    lists.get(keyOf(module, block)) ?? lists.get(keyOf(module));
  const isComputed = (step: number, branch: Branch): boolean => listOf(branch)?.bits[step] ?? true;
  checkFirstStep(
    (branch) => isComputed(0, branch),
    branchesOf(topology).flat(),
    (branch) => `${memberPlace('smoothcache', listOf(branch)!.name)}[0]`,
  );
  const schedule = scheduleOf(
    (step, branch) => ({ do: isComputed(step, branch) ? 'compute' : 'reuse' }),
    first.bits.length,
    topology,
  );
  return { ...schedule, notes: { source: 'SmoothCache' } };
}

/** The lists of a file, equally long, by what they are for. */
function listsOf(json: unknown, topology: Topology): ReadonlyMap<string, ModuleList> {
  const lists = new Map<string, ModuleList>();
  let first: ModuleList | undefined;
  for (const [name, value] of Object.entries(objectOf({ value: json, place: 'smoothcache' }))) {
    const place = memberPlace('smoothcache', name);
    const list = { name, ...addressOf(name, topology), bits: bitsOf({ value, place }) };
    first ??= list;
    if (list.bits.length !== first.bits.length) {
      refuse(
        place,
        `has ${list.bits.length} steps, but ${first.name} has ${first.bits.length}; make the lists equally long`,
      );
    }
    const key = keyOf(list.module, list.block);
    const same = lists.get(key);
    if (same && same.bits.join() !== list.bits.join()) refuseSecond(place, list.module, same.name);
    lists.set(key, list);
  }
  return lists;
}

function keyOf(module: string, block?: number): string {
  return block === undefined ? module : `${block}.${module}`;
}

/** What a list is for: `attn`, or `attn-3` for the module of one block. */
function addressOf(name: string, topology: Topology): Pick<ModuleList, 'module' | 'block'> {
  const modules = modulesOf(topology);
  const whole = ourModule(name);
  if (modules.includes(whole)) return { module: whole, block: undefined };
  const place = memberPlace('smoothcache', name);
  const [, component, number] = /^(.+)-(0|[1-9]\d*)$/.exec(name) ?? [];
  const module = ourModule(component ?? name);
  if (number === undefined || !modules.includes(module)) return refuseModule(place, module, topology);
  const { blocks } = topology;
  const block = Number(number);
  if (block >= blocks.length)
    refuse(
      place,
      `the model has ${blocks.length} blocks (0-${blocks.length - 1}), and none of number ${number}; ` +
        `use the model that it was made for`,
    );
  if (!blocks[block]!.includes(module))
    refuse(place, `block ${block} of the model has no module "${module}" (it has ${blocks[block]!.join(', ')})`);
  return { module, block };
}

/** The names that SmoothCache has for modules: those of the original DiT code, or those of diffusers. */
export type SmoothCacheNames = 'original' | 'diffusers';

/**
 * A schedule as SmoothCache writes it: a list for each module, or for the module of each block where its blocks differ.
 */
export function toSmoothCache(
  schedule: Schedule,
  topology: Topology,
  names: SmoothCacheNames = 'original',
): Readonly<Record<string, readonly number[]>> {
  const isComputed = computes(schedule);
  const branches = branchesOf(topology).flat();
  const lists = modulesOf(topology).flatMap((module) => {
    const name = names === 'diffusers' ? theirModule(module) : module;
    const own = branches.filter((branch) => branch.module === module);
    const bits = own.map((branch) => Array.from(schedule.pattern, (_, step) => (isComputed(step, branch) ? 1 : 0)));
    if (new Set(bits.map(String)).size === 1) return [[name, bits[0]!] as const];
    return own.map(({ block }, i) => [`${name}-${block}`, bits[i]!] as const);
  });
  return Object.fromEntries(lists);
}
