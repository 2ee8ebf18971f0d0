import { openFile, openNetwork } from '@procache/backend-node';
import type { Spelling } from '@procache/core';
import {
  type ClosableNetwork,
  type FeatureFile,
  type FeatureMeasures,
  openFeatureMeasures,
} from '@procache/objectives';
import type { TransformerModel } from '@procache/model';

/** What may be asked for beside objectives that are distances of features. */
export type MeasureOption = 'objective' | 'featureNetwork' | 'data';

/** Opens what distances of features take: the network in an ONNX file, and the data. The caller closes it. */
export function openFeatureFiles(
  files: { readonly network: string; readonly data: string },
  latent: TransformerModel['latent'],
  spell: Spelling<MeasureOption>,
): Promise<FeatureMeasures> {
  const place = `${spell('data')} ${files.data}`;
  const open = () => openFile(files.data, { code: 'invalid-input', what: 'a safetensors file', place });
  return openFeatureMeasures({ network: networkFile(files.network, spell), data: { place, open } }, latent);
}

/** A network in an ONNX file, on one thread: searches evaluate several models side by side. */
export function networkFile(path: string, spell: Spelling<MeasureOption>): FeatureFile<ClosableNetwork> {
  const place = `${spell('featureNetwork')} ${path}`;
  return { place, open: () => openNetwork(path, { threads: 1, place }) };
}
