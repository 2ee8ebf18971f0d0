import { branchesOf, MAX_STEPS, type Schedule, scheduleOf, type Topology } from '@procache/core';
import {
  booleanOf,
  integerOf,
  objectOf,
  type Placed,
  refuse,
  shown,
  shownName,
  textOf,
} from '@procache/core/untrusted';
import { memberPlace } from '../place.ts';
import { checkFirstStep, computes, ourModule, refuseModule, refuseSecond, theirModule } from './modules.ts';

/** As much of a name as is kept in the notes. */
const LONGEST_NAME = 200;

/**
 * The schedule in a JSON file of ECAD (Aggarwal et al., ICLR 2026): for each step, block and component whether it is
 * computed.
 *
 * Step `"000"` is the first step taken, here as there. A component that the file leaves out is computed.
 *
 * @throws {ProCacheError} `invalid-schedule` with the place in the file.
 */
export function fromEcad(json: unknown, topology: Topology): Schedule {
  const place = 'ecad.cache_schedule';
  const own = objectOf({ value: objectOf({ value: json, place: 'ecad' })['cache_schedule'], place });
  const at = (name: string): Placed => ({ value: own[name], place: `${place}.${name}` });
  const steps = integerOf(at('num_inference_steps'), 1, MAX_STEPS);
  const blocks = integerOf(at('num_blocks'), 1);
  if (blocks !== topology.blocks.length) {
    refuse(
      `${place}.num_blocks`,
      `the file is for ${blocks} blocks, but the model has ${topology.blocks.length}; ` +
        `use the model that it was made for`,
    );
  }
  const table = numbered(at('schedule'), steps, { one: 'step', count: 'num_inference_steps' }).map((step) =>
    numbered(step, blocks, { one: 'block', count: 'num_blocks' }).map((components, block) =>
      componentsOf(components, topology.blocks[block]!, topology),
    ),
  );
  const isComputed = (step: number, block: number, module: string): boolean => table[step]![block]!.get(module) ?? true;
  checkFirstStep(
    ({ block, module }) => isComputed(0, block, module),
    branchesOf(topology).flat(),
    ({ block, module }) => `${place}.schedule["000"]["${block}"].${theirModule(module)}`,
  );
  const schedule = scheduleOf(
    (step, { block, module }) => ({ do: isComputed(step, block, module) ? 'compute' : 'reuse' }),
    steps,
    topology,
  );
  return {
    ...schedule,
    notes: { source: 'ECAD', name: own['name'] === undefined ? null : shownName(textOf(at('name')), LONGEST_NAME) },
  };
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

/** The members of an object whose keys are the numbers from 0 on, padded or not, in their order. */
function numbered(
  { value, place }: Placed,
  count: number,
  names: { readonly one: string; readonly count: string },
): readonly Placed[] {
  const byNumber = new Map<number, Placed>();
  for (const [key, member] of Object.entries(objectOf({ value, place }))) {
    const number = /^\d{1,9}$/.test(key) ? Number(key) : refuse(place, `${shown(key)} is no number of a ${names.one}`);
    if (byNumber.has(number)) refuse(`${place}[${shown(key)}]`, `${names.one} ${number} is there twice; leave one out`);
    byNumber.set(number, { value: member, place: `${place}[${shown(key)}]` });
  }
  if (byNumber.size > count)
    refuse(place, `has ${byNumber.size} ${names.one}s, but ${names.count} is ${count}; make the two agree`);
  return Array.from({ length: count }, (_, number) => {
    const found = byNumber.get(number);
    return found ?? refuse(place, `has no ${names.one} ${number} of ${count}; check ${names.count}`);
  });
}

/** By our names, whether each module of a block is computed. */
function componentsOf(placed: Placed, modules: readonly string[], topology: Topology): ReadonlyMap<string, boolean> {
  const computed = new Map<string, boolean>();
  for (const [name, value] of Object.entries(objectOf(placed))) {
    if (name.startsWith('custom_')) continue;
    const [module, place] = [ourModule(name), memberPlace(placed.place, name)];
    if (!modules.includes(module)) refuseModule(place, module, topology);
    if (typeof value !== 'boolean') refuse(place, `${shown(value)} is neither true (compute) nor false (reuse)`);
    if ((computed.get(module) ?? value) !== value)
      refuseSecond(place, module, theirModule(module) === name ? module : theirModule(module));
    computed.set(module, booleanOf({ value, place }));
  }
  return computed;
}
