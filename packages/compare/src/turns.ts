/** How turns are taken. */
export interface TurnOptions<Result> {
  /** How many rounds; asked after the first one, with its results in the order of the players. */
  readonly rounds: (first: readonly Result[]) => number;
  /** Called after each round, 0 for the first; awaited, so that something else can have its turn then. */
  readonly onRound?: ((round: number) => void | Promise<void>) | undefined;
}

/**
 * Lets each player go once a round, so that whatever disturbs the machine meets all alike. Every other round goes
 * backwards, so that nobody profits from its place.
 *
 * @returns the results of each player, in the order of the players, each in the order of the rounds
 */
export async function takeTurns<Result>(
  players: readonly ((round: number) => Promise<Result>)[],
  { rounds, onRound }: TurnOptions<Result>,
): Promise<readonly (readonly Result[])[]> {
  const results = players.map((): Result[] => []);
  const places = [...players.keys()];
  let round = 0;
  do {
    for (const place of round % 2 === 0 ? places : places.toReversed()) {
      results[place]!.push(await players[place]!(round));
    }
    await onRound?.(round);
    round += 1;
  } while (round < rounds(results.map(([first]) => first!)));
  return results;
}
