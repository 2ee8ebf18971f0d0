import { type Branch, modulesOf, policyOf, type Schedule, type Topology } from '@procache/core';
import { refuse, shown } from '@procache/core/untrusted';

/** What other tools call the modules of a block: their names first, ours second. */
const NAMES: readonly (readonly [theirs: string, ours: string])[] = [
  ['attn1', 'attn'],
  ['attn2', 'cross'],
  ['ff', 'mlp'],
];

/** The module that another tool's name stands for; our own names stand for themselves. */
export function ourModule(name: string): string {
  return NAMES.find(([theirs]) => theirs === name)?.[1] ?? name;
}

/** What diffusers calls a module. */
export function theirModule(name: string): string {
  return NAMES.find(([, ours]) => ours === name)?.[0] ?? name;
}

/** Refuses the name of a module that the model does not have. */
export function refuseModule(place: string, module: string, topology: Topology): never {
  return refuse(place, `the model has no module ${shown(module)} (it has ${modulesOf(topology).join(', ')})`);
}

/** Refuses what a file says of a module that it says something else of under another name. */
export function refuseSecond(place: string, module: string, other: string): never {
  return refuse(
    place,
    `says something else of ${shown(module)} than ${shown(other)}, which is the same module; leave one of the two out`,
  );
}

/** Whether a schedule computes a branch at a step. Refuses what formats of computed and reused branches cannot say. */
export function computes(schedule: Schedule): (step: number, branch: Branch) => boolean {
  const policy = policyOf(schedule);
  return (step, branch) => {
    const action = policy(step, branch);
    const place = `schedule.pattern[${step}] ('${schedule.pattern[step] ?? ''}'), branch ${branch.id}`;
    if (action.do === 'refresh')
      refuse(place, 'refreshes some tokens, which this format cannot say; export a schedule that computes or reuses');
    if (action.do === 'reuse' && ((action.order ?? 0) > 0 || action.absolute)) {
      refuse(
        place,
        'forecasts features, which this format cannot say; export its steps as a mask, or a schedule of plain reuse',
      );
    }
    return action.do === 'compute';
  };
}

/** Checks that nothing is reused before it was computed. */
export function checkFirstStep(
  isComputed: (branch: Branch) => boolean,
  branches: readonly Branch[],
  placeOf: (branch: Branch) => string,
): void {
  const missing = branches.find((branch) => !isComputed(branch));
  if (missing)
    refuse(
      placeOf(missing),
      'reuses at the first step, where there is nothing to reuse; ' +
        'compute the first step, or reverse the list if it begins at the clean end',
    );
}
