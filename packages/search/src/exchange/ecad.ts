import { branchesOf, type Schedule, scheduleOf, type Topology } from '@procache/core';
import { countOf, membersOf, refuse, shown } from './foreign-json.ts';
import { checkFirstStep, computes, modulesOf, ourModule, theirModule } from './modules.ts';

/**
 * The schedule in a JSON file of ECAD (Aggarwal et al., ICLR 2026): for each step, block and component whether it is computed.
 *
 * Step `"000"` is the first step taken, here as there. A component that the file leaves out is computed.
 *
 * @throws {ProCacheError} `invalid-schedule` with the place in the file.
 */
export function fromEcad(json: unknown, topology: Topology): Schedule {
  const root = membersOf(json, 'ecad');
  const place = 'ecad.cache_schedule';
  const own = membersOf(root['cache_schedule'], place);
  const steps = countOf(own['num_inference_steps'], `${place}.num_inference_steps`);
  const blocks = countOf(own['num_blocks'], `${place}.num_blocks`);
  if (blocks !== topology.blocks.length) {
    refuse(
      `${place}.num_blocks`,
      `the file is for ${blocks} blocks, but the model has ${topology.blocks.length}; use the model that it was made for`,
    );
  }
  const table = stepsOf(membersOf(own['schedule'], `${place}.schedule`), steps, `${place}.schedule`).map((step, i) =>
    componentsOf(step, topology, `${place}.schedule["${named(i)}"]`),
  );
  const isComputed = (step: number, block: number, module: string): boolean => table[step]![block]!.get(module) ?? true;
  const branches = branchesOf(topology).flat();
  checkFirstStep(
    ({ block, module }) => isComputed(0, block, module),
    branches,
    ({ block, module }) => `${place}.schedule["000"]["${block}"].${theirModule(module)}`,
  );
  const schedule = scheduleOf(
    (step, { block, module }) => ({ do: isComputed(step, block, module) ? 'compute' : 'reuse' }),
    steps,
    topology,
  );
  return { ...schedule, notes: { source: 'ECAD', name: own['name'] ?? null } };
}

/** A schedule of computed and reused branches as ECAD writes it, for `ecad/inference/inference.py`. */
export function toEcad(schedule: Schedule, topology: Topology, name: string): unknown {
  const isComputed = computes(schedule);
  const steps = Array.from(schedule.pattern, (_, step) => {
    const blocks = branchesOf(topology).map((branches, block) => [
      block,
      Object.fromEntries(branches.map((branch) => [theirModule(branch.module), isComputed(step, branch)])),
    ]);
    return [named(step), Object.fromEntries(blocks) as unknown];
  });
  return {
    cache_schedule: {
      num_blocks: topology.blocks.length,
      num_inference_steps: schedule.pattern.length,
      name,
      attributes: {},
      schedule: Object.fromEntries(steps) as unknown,
    },
    config: {},
    metrics: {},
  };
}

function named(step: number): string {
  return String(step).padStart(3, '0');
}

/** The steps in their order, whether their numbers are padded or not. */
function stepsOf(members: Readonly<Record<string, unknown>>, steps: number, place: string): readonly unknown[] {
  const byNumber = new Map(Object.entries(members).map(([name, value]) => [Number(name), value]));
  const missing = Array.from({ length: steps }, (_, step) => step).find((step) => !byNumber.has(step));
  if (missing !== undefined) refuse(place, `has no step ${missing} of ${steps}; check num_inference_steps`);
  if (byNumber.size > steps) refuse(place, `has ${byNumber.size} steps, but num_inference_steps is ${steps}; make the two agree`);
  return Array.from({ length: steps }, (_, step) => byNumber.get(step));
}

/** Of each block, by our names, whether each module is computed. */
function componentsOf(json: unknown, topology: Topology, place: string): readonly ReadonlyMap<string, boolean>[] {
  const blocks = membersOf(json, place);
  return topology.blocks.map((modules, block) => {
    const own = `${place}["${block}"]`;
    const entries = Object.entries(membersOf(blocks[String(block)], own)).filter(([name]) => !name.startsWith('custom_'));
    return new Map(
      entries.map(([name, value]) => {
        const module = ourModule(name);
        if (!modules.includes(module))
          refuse(`${own}.${name}`, `the model has no module ${shown(module)} (it has ${modulesOf(topology).join(', ')})`);
        if (typeof value !== 'boolean') refuse(`${own}.${name}`, `${shown(value)} is neither true (compute) nor false (reuse)`);
        return [module, value];
      }),
    );
  });
}
