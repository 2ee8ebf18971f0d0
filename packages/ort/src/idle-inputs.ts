import { IMAGES, inLane, isContext, laneOf, type OnnxGraph } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { OrtHost } from './host.ts';

/**
 * What a lane of a graph is given while another one runs: every input for no image, so that nothing is computed. What
 * belongs to all lanes, the one that runs is given.
 */
export function idleInputs(host: OrtHost, { inputs }: OnnxGraph, lane: number): Readonly<Record<string, Tensor>> {
  const own = inputs.filter(({ name }) => !isContext(name) && laneOf(name) === lane);
  return Object.fromEntries(
    own.map(({ name, type, shape }) => {
      const dims = shape.map((extent) =>
        typeof extent === 'number' ? extent : extent === inLane(lane, IMAGES) ? 0 : 1,
      );
      const count = dims.reduce((product, extent) => product * extent, 1);
      return [
        name,
        type === 'int64'
          ? new host.Tensor('int64', new BigInt64Array(count), dims)
          : new host.Tensor('float32', new Float32Array(count), dims),
      ];
    }),
  );
}
