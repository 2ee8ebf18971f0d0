import { describeTransformer } from '@procache/conformance';
import { openTransformer } from './transformer.ts';

describeTransformer('onnxruntime-node', { open: (path, config) => openTransformer(path, { threads: 2, config: config ?? {} }) });

describeTransformer('onnxruntime-node, low memory', {
  open: (path, config) => openTransformer(path, { threads: 2, memory: 'low', config: config ?? {} }),
});
