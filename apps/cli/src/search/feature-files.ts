import { openFile, openNetwork } from '@procache/backend-node';
import {
  type ClosableNetwork,
  type FeatureFile,
  type FeatureMeasures,
  openFeatureMeasures,
} from '@procache/objectives';
import type { ChosenModel } from '../arguments/model-choice.ts';

/** Opens what distances of features take: the network in an ONNX file, and the data. The caller closes it. */
export function openFeatureFiles(
  files: { readonly network: string; readonly data: string },
  { model }: ChosenModel,
): Promise<FeatureMeasures> {
  const place = `--data ${files.data}`;
  const open = () => openFile(files.data, { code: 'invalid-input', what: 'a safetensors file', place });
  return openFeatureMeasures({ network: networkFile(files.network), data: { place, open } }, model.latent);
}

/** A network in an ONNX file, on one thread: searches evaluate several models side by side. */
export function networkFile(path: string): FeatureFile<ClosableNetwork> {
  const place = `--feature-network ${path}`;
  return { place, open: () => openNetwork(path, { threads: 1, place }) };
}
