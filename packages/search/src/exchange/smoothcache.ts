import { branchesOf, type Schedule, scheduleOf, type Topology } from '@procache/core';
import { bitsOf, membersOf, refuse, shown } from './foreign-json.ts';
import { checkFirstStep, computes, modulesOf, ourModule, theirModule } from './modules.ts';

/**
 * The schedule in a JSON file of SmoothCache (arXiv 2411.10510): for each kind of module a list of 1 (compute) and 0 (reuse).
 *
 * The first number is the first step taken. A module that the file leaves out is computed at every step.
 *
 * @throws {ProCacheError} `invalid-schedule` with the place in the file.
 */
export function fromSmoothCache(json: unknown, topology: Topology): Schedule {
  const modules = modulesOf(topology);
  const lists = Object.entries(membersOf(json, 'smoothcache')).map(([name, value]) => {
    const module = ourModule(name);
    if (!modules.includes(module)) refuse(`smoothcache.${name}`, `the model has no module ${shown(module)} (it has ${modules.join(', ')})`);
    return { name, module, bits: bitsOf(value, `smoothcache.${name}`) };
  });
  const [first, ...others] = lists;
  if (!first) refuse('smoothcache', 'lists no module; give "attn" or "mlp" a list of 1 (compute) and 0 (reuse)');
  const odd = others.find(({ bits }) => bits.length !== first.bits.length);
  if (odd)
    refuse(
      `smoothcache.${odd.name}`,
      `has ${odd.bits.length} steps, but ${first.name} has ${first.bits.length}; make the lists equally long`,
    );
  const computed = new Map(lists.map(({ module, bits }) => [module, bits]));
  checkFirstStep(
    ({ module }) => computed.get(module)?.[0] ?? true,
    branchesOf(topology).flat(),
    ({ module }) => `smoothcache.${lists.find((list) => list.module === module)!.name}[0]`,
  );
  const schedule = scheduleOf(
    (step, { module }) => ({ do: (computed.get(module)?.[step] ?? true) ? 'compute' : 'reuse' }),
    first.bits.length,
    topology,
  );
  return { ...schedule, notes: { source: 'SmoothCache' } };
}

/** The names that SmoothCache has for modules: those of the original DiT code, or those of diffusers. */
export type SmoothCacheNames = 'original' | 'diffusers';

/** A schedule in which all blocks do the same, as SmoothCache writes it. */
export function toSmoothCache(
  schedule: Schedule,
  topology: Topology,
  names: SmoothCacheNames = 'original',
): Readonly<Record<string, readonly number[]>> {
  const isComputed = computes(schedule);
  const branches = branchesOf(topology).flat();
  const lists = modulesOf(topology).map((module) => {
    const own = branches.filter((branch) => branch.module === module);
    const bits = Array.from(schedule.pattern, (_, step) => {
      const [first, ...others] = own.map((branch) => isComputed(step, branch));
      const odd = others.findIndex((other) => other !== first);
      if (odd >= 0)
        refuse(
          `schedule.pattern[${step}]`,
          `branch ${own[odd + 1]!.id} does not do what ${own[0]!.id} does, and SmoothCache has one list for all blocks; export it for ECAD`,
        );
      return first ? 1 : 0;
    });
    return [names === 'diffusers' ? theirModule(module) : module, bits] as const;
  });
  return Object.fromEntries(lists);
}
