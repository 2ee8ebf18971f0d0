import { expect, it } from 'vitest';
import { takeTurns } from './index.ts';

it('gives the results of each player, whatever the order in which they went', async () => {
  const order: string[] = [];
  const player = (name: string) => (round: number) => {
    order.push(name + String(round));
    return Promise.resolve(name.repeat(round + 1));
  };
  const seen: (readonly string[])[] = [];
  const results = await takeTurns([player('a'), player('b'), player('c')], {
    rounds: (first) => {
      seen.push(first);
      return 3;
    },
  });
  expect(results).toEqual([
    ['a', 'aa', 'aaa'],
    ['b', 'bb', 'bbb'],
    ['c', 'cc', 'ccc'],
  ]);
  expect(order.join(' ')).toBe('a0 b0 c0 c1 b1 a1 a2 b2 c2');
  expect(seen[0]).toEqual(['a', 'b', 'c']);
});

it('waits for whatever is done between rounds', async () => {
  const done: string[] = [];
  await takeTurns([() => Promise.resolve(done.push('turn'))], {
    rounds: () => 2,
    onRound: async (round) => {
      await Promise.resolve();
      done.push(`between ${round}`);
    },
  });
  expect(done).toEqual(['turn', 'between 0', 'turn', 'between 1']);
});
