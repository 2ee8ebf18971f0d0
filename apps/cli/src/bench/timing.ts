import {
  type Condition,
  type DiffusionSteps,
  generate,
  type GenerateOptions,
  type Generation,
  type Guidance,
  kindOf,
  type Plan,
  type StepKind,
} from '@procache/core';
import { median } from '@procache/core';
import type { NodeTransformer } from '@procache/backend-node';

/** One way of taking the steps, under the name that the report gives it. */
export interface Contestant {
  readonly name: string;
  readonly plan: Plan;
}

/** What every generation of a benchmark shares. */
export interface Workload {
  readonly transformer: NodeTransformer;
  readonly steps: DiffusionSteps;
  readonly conditions: readonly Condition[];
  readonly guidance: Guidance | undefined;
  readonly signal: AbortSignal;
}

/** What a generation takes of a workload. */
export function generationOf({
  steps,
  conditions,
  guidance,
  signal,
}: Workload): Pick<GenerateOptions, 'steps' | 'conditions' | 'guidance' | 'signal'> {
  return { steps, conditions, guidance, signal };
}

/** The measurements of one contestant, in milliseconds of wall clock. */
export interface Timing {
  readonly name: string;
  /** Whole generations, conditioning included, one per round. */
  readonly totals: readonly number[];
  /** The median step of each kind. */
  readonly kinds: Readonly<Partial<Record<StepKind, { readonly steps: number; readonly median: number }>>>;
}

/** Runs whole generations, the contestants taking turns in each round, so that a disturbance meets all alike. */
export async function timeContestants(
  workload: Workload,
  contestants: readonly Contestant[],
  rounds: number,
  { report, afterRound }: { readonly report: (line: string) => void; readonly afterRound: () => Promise<void> },
): Promise<readonly Timing[]> {
  await workload.transformer.prepare(contestants.map(({ plan }) => plan));
  for (const contestant of contestants) await warmUp(workload, contestant);
  const totals = contestants.map((): number[] => []);
  const records = contestants.map((): Generation['records'][number][] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { name, plan }] of contestants.entries()) {
      const start = performance.now();
      const generation = await generate(workload.transformer, {
        ...generationOf(workload),
        plan,
        now: () => performance.now(),
      });
      totals[i]!.push(performance.now() - start);
      records[i]!.push(...generation.records);
      report(`round ${round + 1} of ${rounds}: ${name} ${(totals[i]!.at(-1)! / 1000).toFixed(2)} s`);
    }
    await afterRound();
  }
  return contestants.map(({ name, plan }, i) => ({ name, totals: totals[i]!, kinds: kindsOf(plan, records[i]!) }));
}

function kindsOf(plan: Plan, records: Generation['records']): Timing['kinds'] {
  const kinds = new Set(records.map(({ kind }) => kind));
  const summary = [...kinds].map((kind) => {
    const own = records.filter((record) => record.kind === kind).map(({ milliseconds }) => milliseconds);
    return [kind, { steps: plan.steps.filter((step) => kindOf(step) === kind).length, median: median(own) }] as const;
  });
  return Object.fromEntries(summary);
}

/** The steps that a warm-up takes: enough that every session has allocated what it needs for whole runs. */
const WARM_UP_STEPS = 5;

class WarmedUp extends Error {}

async function warmUp(workload: Workload, { plan }: Contestant): Promise<void> {
  const onStep = ({ step }: { readonly step: number }): void => {
    if (step + 1 >= Math.min(WARM_UP_STEPS, plan.steps.length)) throw new WarmedUp();
  };
  await generate(workload.transformer, { ...generationOf(workload), plan, onStep }).catch((cause: unknown) => {
    if (!(cause instanceof WarmedUp)) throw cause;
  });
}
