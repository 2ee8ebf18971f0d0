import { availableParallelism } from 'node:os';
import { checkSameWeights, type ModelHeaders, type NodeTransformer, openFromHeaders } from '@procache/backend-node';
import {
  type Campaign,
  type CampaignHost,
  generationTimes,
  type GenerationTimesOptions,
  modelHost,
} from '@procache/search';

/** How a search uses the machine. */
export interface SearchMachine {
  /** Models that run side by side; by default one for each processor, or one of large weights. */
  readonly workers?: number | undefined;
  /** Threads of each; by default the processors, shared out. */
  readonly threads?: number | undefined;
  /** `'low'`: weights stay in the page cache of the operating system. */
  readonly memory?: 'normal' | 'low' | undefined;
  readonly signal: AbortSignal;
}

/** Models in worker threads, side by side, and what a search does with them. */
export interface SearchWorkers extends Pick<CampaignHost, 'render' | 'record' | 'times' | 'parallel'> {
  /** One of them, for what is done once. */
  readonly model: NodeTransformer;
  readonly close: () => Promise<void>;
}

/** Weights larger than this are loaded once, and all threads work on them. */
const LARGE_WEIGHTS = 256 * 2 ** 20;
const FLOAT_BYTES = 4;

/** Opens the models of a search. The caller closes them. */
export async function openSearchWorkers(
  headers: ModelHeaders,
  campaign: Campaign,
  { workers, threads: asked, memory, signal }: SearchMachine,
): Promise<SearchWorkers> {
  const cores = availableParallelism();
  const isLarge = headers.model.parameters * FLOAT_BYTES > LARGE_WEIGHTS;
  const count = workers ?? (isLarge ? 1 : cores);
  const threads = asked ?? Math.max(1, Math.floor(cores / count));
  const open = (own: number | undefined): Promise<NodeTransformer> =>
    openFromHeaders(headers, { thread: 'worker', threads: own, memory });
  const [model, ...others] = (await Promise.all(Array.from({ length: count }, () => open(threads)))) as [
    NodeTransformer,
    ...NodeTransformer[],
  ];
  const options: GenerationTimesOptions = { now: () => performance.now(), signal };
  const host = modelHost([model, ...others], campaign, options);
  /** What a target is kept by: the model as `generate` runs it, with all threads. */
  const alone = async <Result>(
    use: (times: ReturnType<typeof generationTimes>) => Promise<Result>,
  ): Promise<Result> => {
    const whole = await open(asked);
    return use(generationTimes(whole, campaign, options)).finally(() => whole.dispose());
  };
  return {
    ...host,
    model,
    // What was drawn while the model's files were replaced is thrown away.
    render: async (...asked) => {
      const images = await host.render(...asked);
      await checkSameWeights(headers, { name: campaign.model.name, advice: 'begin another study with the new ones' });
      return images;
    },
    times: {
      ...host.times,
      steps: () => alone(({ steps }) => steps()),
      generation: (schedule) => alone(({ generation }) => generation(schedule)),
    },
    close: async () => {
      await Promise.all([model, ...others].map((each) => each.dispose()));
    },
  };
}
