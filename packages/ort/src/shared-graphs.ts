import { type BranchId, branchesWithin, type StepProgram } from '@procache/core';
import type { TransformerModel } from '@procache/model';
import { mergePrograms, skeletonOf } from './merge-programs.ts';

/** What one graph is written for: a lane each for programs that hold the same weights. */
export interface SharedGraph {
  readonly lanes: readonly GraphLane[];
}

/** A program that gives all that those it serves give. */
export interface GraphLane {
  readonly program: StepProgram;
  /** The keys of the programs that it serves. */
  readonly serves: readonly string[];
}

/**
 * Bytes of weights that are worth a lane.
 *
 * An idle lane costs a run the time of some hundred operations on nothing, and rows of all lanes are
 * copied where they meet. Below this the copy of the weights is the lesser evil (docs/performance.md).
 */
const JOINED_FROM_BYTES = 64 * 2 ** 20;

/**
 * The graphs to compile for some programs.
 *
 * Programs that differ only in what they give are one lane: an output that a run does not ask for
 * costs next to nothing. Lanes share a graph if that spares `joinsFrom` bytes of weights or more.
 */
export function sharedGraphs(
  programs: readonly StepProgram[],
  model: TransformerModel,
  joinsFrom: number = JOINED_FROM_BYTES,
): readonly SharedGraph[] {
  const bytesOf = (branches: Iterable<BranchId>) =>
    [...branches].reduce((sum, branch) => sum + model.weightBytes(branch), 0);
  const lanes = lanesOf(programs).map((lane) => ({ lane, branches: branchesOf(lane.program, model) }));
  const graphs: { readonly lanes: GraphLane[]; readonly branches: Set<BranchId> }[] = [];
  // The heaviest first: all that others can share is then in one place.
  for (const { lane, branches } of lanes.toSorted((a, b) => bytesOf(b.branches) - bytesOf(a.branches))) {
    const spared = (graph: { readonly branches: ReadonlySet<BranchId> }) =>
      bytesOf([...branches].filter((branch) => graph.branches.has(branch)));
    const best = graphs.toSorted((a, b) => spared(b) - spared(a))[0];
    if (best && spared(best) >= joinsFrom) {
      best.lanes.push(lane);
      branches.forEach((branch) => best.branches.add(branch));
    } else {
      graphs.push({ lanes: [lane], branches: new Set(branches) });
    }
  }
  return graphs.map(({ lanes: own }) => ({ lanes: own }));
}

/** The branches that a program evaluates, and so holds the weights of. */
function branchesOf({ ops }: StepProgram, { topology }: TransformerModel): ReadonlySet<BranchId> {
  return new Set(
    ops.flatMap((op) => {
      if (op.op === 'run') return branchesWithin(op.first, op.last, topology.blocks);
      return op.op === 'refresh' ? [op.branch] : [];
    }),
  );
}

function lanesOf(programs: readonly StepProgram[]): readonly GraphLane[] {
  const scores = new Set(programs.flatMap(({ score }) => score ?? []));
  const groups = new Map<string, StepProgram[]>();
  for (const program of programs) {
    // A lane gives one kind of score; programs with different ones are different lanes.
    const group = skeletonOf(program) + (scores.size > 1 ? (program.score ?? '') : '');
    groups.set(group, [...(groups.get(group) ?? []), program]);
  }
  return [...groups.values()].map((group) => ({ program: mergePrograms(group), serves: group.map(({ key }) => key) }));
}
