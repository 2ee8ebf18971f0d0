import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { gaussian, planOf, withDenoiser } from '@procache/core';
import { openCheckpoint, openModel } from '@procache/model';
import { ortTransformer } from '@procache/ort';
import { openFile } from './file-source.ts';
import { nodeHost } from './host.ts';

it('runs', async () => {
  const dir = '/work/shared/conformance/dit/';
  const model = await openModel(await openCheckpoint(await openFile(dir + 'model.safetensors')), { num_heads: 4 });
  const noise = await openCheckpoint(await openFile(dir + 'noise.safetensors'));
  console.log([...noise.tensors.values()].map((t) => [t.name, t.shape, t.type].join(' ')));
  const plan = planOf({ version: 1, pattern: '#.+#', legend: { '+': [{ do: 'reuse' }, { do: 'refresh', ratio: 0.3, blocks: [21, 27], modules: ['mlp'] }] } }, model.topology);
  const t = ortTransformer(model, nodeHost({ threads: 2 }));
  const out = await withDenoiser({ model: t, plan, conditions: { timesteps: [999, 979, 958, 900], labels: [1, 10] } }, async (d) => {
    let x = gaussian(1, 2 * 4 * 16 * 16);
    for (let i = 0; i < 4; i++) { const o = await d(x, i); console.log(i, o.length, o.slice(0, 3)); }
    return 1;
  });
  await t.dispose();
});
