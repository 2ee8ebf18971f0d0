/// <reference types="node" />
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { byName, hoist, planOf, programsOf } from '@procache/core';
import { expect, test } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import type { ConfigJson } from '../config/fields.ts';
import { openModel } from '../open-model.ts';

const packages = new URL('../../../', import.meta.url);
const bytesOf = (path: string) => new Uint8Array(readFileSync(new URL(path, packages)));
const jsonOf = (path: string) => JSON.parse(readFileSync(new URL(path, packages), 'utf8')) as ConfigJson;

/** The bytes of a model's graphs, hashed: conditioning, plain, and the steps of some schedules, with two lanes. */
async function hashOf(path: string, config: ConfigJson): Promise<string> {
  const model = await openModel(await openCheckpoint(bytesSource(basename(path), bytesOf(path))), config);
  const hash = createHash('sha256');
  for (const { bytes } of [...model.modulationGraphs(), model.plainGraph()]) hash.update(bytes);
  for (const name of ['procache-published', 'duca-3', 'taylorseer-3-2']) {
    const plan = planOf(byName(name, model.topology, 50), model.topology);
    const programs = programsOf(plan, hoist(plan));
    for (const program of programs) hash.update(model.stepGraph([program]).bytes);
    hash.update(model.stepGraph(programs.slice(0, 2)).bytes);
  }
  return hash.digest('hex').slice(0, 16);
}

// A change of these sums is a change of what is computed, or of how fast: mean it, and measure both.
test.each<[string, ConfigJson, string]>([
  ['zoo/models/fashion-dit/model.safetensors', jsonOf('zoo/models/fashion-dit/config.json'), 'f746551418bae9e1'],
  ['conformance/fixtures/dit/model.safetensors', { num_heads: 4 }, 'dbffeac38f521634'],
  [
    'conformance/fixtures/modules/dit/diffusion_pytorch_model.safetensors',
    jsonOf('conformance/fixtures/modules/dit/config.json'),
    'aaba8feadf4e40f0',
  ],
  ['conformance/fixtures/sit/learn-sigma/model.safetensors', { num_heads: 4, family: 'sit' }, 'c57068e5904eab06'],
])('the graphs of %s are what they were', async (path, config, sum) => {
  expect(await hashOf(path, config)).toBe(sum);
});
