import { describeTransformer } from '@procache/conformance';
import { ortTransformer } from '@procache/ort';
import { nodeHost } from './host.ts';
import { openModelFiles } from './model-files.ts';
import { openTransformer } from './transformer.ts';

describeTransformer('onnxruntime-node', {
  open: (path, config) => openTransformer(path, { threads: 2, config: config ?? {} }),
});

describeTransformer('onnxruntime-node, low memory', {
  open: (path, config) => openTransformer(path, { threads: 2, memory: 'low', config: config ?? {} }),
});

describeTransformer('onnxruntime-node, programs joined wherever they share a weight', {
  async open(path, config) {
    const opened = await openModelFiles(path, config);
    const transformer = ortTransformer(opened.model, nodeHost({ threads: 2 }), {
      joinsFrom: 0,
      onDispose: () => opened.close(),
    });
    return { ...transformer, model: opened.model };
  },
});
