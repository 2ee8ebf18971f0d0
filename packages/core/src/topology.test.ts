import { expect, test } from 'vitest';
import { byName } from './methods/by-name.ts';
import { describe } from './plan/describe.ts';
import { planOf } from './plan/lower.ts';
import { transformerCost } from './plan/transformer-cost.ts';
import { modulesOf, roleOf, type ModuleRole, type Topology } from './topology.ts';

const blocks = (...modules: string[]) => Array.from({ length: 4 }, () => modules);
const named: Topology = { blocks: blocks('attn', 'cross', 'mlp'), grid: [4, 4] };
const told: Topology = {
  blocks: blocks('mixer', 'text', 'ff'),
  grid: [4, 4],
  roles: { mixer: 'self', text: 'cross', ff: 'mlp' },
};

test('a module has the role of its name, unless the topology says another', () => {
  const rolesOf = (topology: Topology) => modulesOf(topology).map((module) => roleOf(topology, module));
  expect(rolesOf(named)).toEqual(['self', 'cross', 'mlp']);
  expect(rolesOf(told)).toEqual(['self', 'cross', 'mlp']);
  expect(rolesOf({ blocks: blocks('all', 'toString'), grid: [4, 4] })).toEqual(['fused', 'fused']);
  expect(roleOf({ ...named, roles: { attn: 'fused' } }, 'attn')).toBe('fused');
});

test.each(['procache', 'procache-published', 'toca-3', 'duca-3'])('%s goes by the roles of modules', (name) => {
  const planFor = (topology: Topology) => describe(planOf(byName(name, topology, 20), topology));
  const renamed = planFor(told)
    .replaceAll('mixer', 'attn')
    .replaceAll('text', 'cross')
    .replace(/\bff\b/g, 'mlp');
  expect(renamed).toBe(planFor(named));
  expect(renamed).toContain('refresh 3.cross');
});

test('costs go by roles, and that of several modules in one is not known', () => {
  const costOf = (topology: Topology) =>
    transformerCost({
      topology,
      hidden: 8,
      patch: 2,
      channels: 4,
      outChannels: 8,
      modulation: 'shared',
      textTokens: 5,
      weightBytes: 0,
    });
  const sizes = (topology: Topology) =>
    modulesOf(topology).map((module) => costOf(topology).moduleMultiplyAdds({ block: 0, module }, 3));
  expect(sizes(told)).toEqual(sizes(named));
  expect(costOf(told).preparation).toBe(costOf(named).preparation);
  expect(() => sizes({ blocks: blocks('all'), grid: [4, 4] })).toThrow('the cost of module "all" of block 0');
});

test.each<[Record<string, string>, string]>([
  [{ attm: 'self' }, 'topology.roles: no block has a module "attm"; did you mean "attn"? (they have attn, cross, mlp)'],
  [
    { attn: 'crss' },
    'topology.roles["attn"]: "crss" is none of "self", "cross", "mlp", "fused"; did you mean "cross"?',
  ],
])('refuses roles %j', (roles, message) => {
  const topology: Topology = { ...named, roles: roles as Readonly<Record<string, ModuleRole>> };
  expect(() => roleOf(topology, 'attn')).toThrow(message);
});
