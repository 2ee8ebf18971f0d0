import { modulesOf, roleOf, type Topology } from '../topology.ts';

/** How deep a block is, from 0 (the first) to 1 (the last). */
export function depthOf(block: number, { blocks }: Topology): number {
  return block / Math.max(1, blocks.length - 1);
}

/** The first of the deepest quarter of the blocks, which alone ProCache refreshes (blocks 21-27 of 28). */
export function deepFrom({ blocks }: Topology): number {
  return Math.floor(0.75 * blocks.length);
}

/** Whether the model attends to text: then the published methods have other settings. */
export function attendsToText(topology: Topology): boolean {
  return modulesOf(topology).some((module) => roleOf(topology, module) === 'cross');
}
