import type { InputArray } from '@procache/model';
import type { Tensor } from 'onnxruntime-common';
import type { OrtHost } from './host.ts';

/** The tensors of some inputs, by their names. */
export function inputTensors(host: OrtHost, inputs: Readonly<Record<string, InputArray>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { type, data, shape }]) => [name, new host.Tensor(type, data, shape)]),
  );
}
