import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { describeTransformer } from '@procache/conformance';
import { type Port, remoteTransformer, serveTransformer } from '@procache/core/remote';
import { ortTransformer } from '@procache/ort';
import { nodeHost } from './host.ts';
import { openModelFiles } from './model-files.ts';
import { openTransformer } from './transformer.ts';

describeTransformer('onnxruntime-node', {
  open: (path, config, latentSize) => openTransformer(path, { threads: 2, config, latentSize }),
});

describeTransformer('onnxruntime-node, low memory', {
  open: (path, config, latentSize) => openTransformer(path, { threads: 2, memory: 'low', config, latentSize }),
});

describeTransformer('onnxruntime-node, programs joined wherever they share a weight', {
  async open(path, config, latentSize) {
    const opened = await openModelFiles(path, config, latentSize);
    const transformer = ortTransformer(opened.model, nodeHost({ threads: 2 }), {
      joinsFrom: 0,
      onDispose: () => opened.close(),
    });
    return { ...transformer, model: opened.model };
  },
});

describeTransformer('onnxruntime-node, behind a port', {
  async open(path, config, latentSize) {
    const { port1, port2 } = new MessageChannel();
    const served = await openTransformer(path, { threads: 2, config, latentSize });
    serveTransformer(portOf(port1), Promise.resolve(served));
    const remote = await remoteTransformer(portOf(port2));
    const dispose = () => remote.dispose().finally(() => port1.close());
    return { ...remote, model: served.model, dispose };
  },
});

function portOf(port: MessagePort): Port {
  return {
    post: (message) => port.postMessage(message),
    onMessage: (listener) => void port.on('message', listener),
    onClosed: (listener) => void port.on('close', () => listener(new Error('the port was closed'))),
  };
}
