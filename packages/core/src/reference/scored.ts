import type { ScoreName } from '../schedule/schedule.ts';
import { type Branch, branchesOf, type BranchId, roleOf, type Topology } from '../topology.ts';

/**
 * The branches that get their scores where the stream comes to a branch: by the entropy of attention to a text all of
 * its block there, and none elsewhere; by every other score the branch itself.
 */
export function scoredAt(topology: Topology, { block, module, id }: Branch, score: ScoreName): readonly BranchId[] {
  if (score !== 'cross-attention-entropy') return [id];
  return roleOf(topology, module) === 'cross' ? branchesOf(topology)[block]!.map((own) => own.id) : [];
}
