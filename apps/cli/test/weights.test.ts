import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFile } from '@procache/backend-node';
import { openCheckpoint, readFloats, writeSafetensors } from '@procache/model';
import { describe, expect, it } from 'vitest';
import { FIXTURES, procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();
const generate = ['generate', '--num-heads', '2', '--labels', '1', '--steps', '1'];

describe('procache generate', () => {
  it('says which weights of several it draws with', async () => {
    const path = join(FIXTURES, 'cases/07-ema-under-other-keys/state_dict_ema.pt');
    const { code, stdout } = await procache([...generate, '--model', path, '--out', inFolder('averaged')]);
    expect(code).toBe(0);
    expect(stdout).toContain("\nschedule: uncached\nweights: 'state_dict_ema' (passed over: 'state_dict')\n");
  });

  it('warns of fields of the config that it does not follow', async () => {
    const path = join(FIXTURES, 'cases/06-name-prefixes/module.safetensors');
    await writeFile(inFolder('fields.json'), '{ "act_layer": "relu", "num_registers": 4 }');
    const { code, stderr } = await procache([
      ...generate,
      '--model',
      path,
      '--config',
      inFolder('fields.json'),
      '--out',
      inFolder('f'),
    ]);
    expect(code).toBe(0);
    expect(stderr).toBe(
      'warning: config: act_layer, config: num_registers: not fields that are known\n' +
        '  here, so they are not followed\n',
    );
  });

  it('says so in lines that fit a terminal, and nothing of a file that holds the model alone', async () => {
    const source = await openFile(join(FIXTURES, 'cases/06-name-prefixes/module.safetensors'));
    const { tensors } = await openCheckpoint(source);
    const values = await Promise.all(
      [...tensors].map(
        async ([name, tensor]) => [name, { shape: tensor.shape, data: await readFloats(tensor) }] as const,
      ),
    );
    await source.close();
    const left = ['autoencoder', 'discriminator'].map(
      (name) => [`${name}.with.a.rather.long.name`, { shape: [1], data: Float32Array.of(0) }] as const,
    );
    const beside = new Map([...values.map(([name, value]) => [`training_module.${name}`, value] as const), ...left]);
    await writeFile(inFolder('beside.safetensors'), writeSafetensors(beside));
    await writeFile(inFolder('alone.safetensors'), writeSafetensors(new Map(values)));
    const [both, alone] = await Promise.all(
      ['beside', 'alone'].map((name) =>
        procache([...generate, '--model', inFolder(`${name}.safetensors`), '--out', inFolder(name)]),
      ),
    );
    expect(both!.stdout).toContain(
      "\nweights: names after 'training_module.' (2 tensors beside the model left out\n         " +
        "('autoencoder.with.a.rather.long.name',",
    );
    expect(alone!.stdout).not.toContain('weights:');
  });
});
