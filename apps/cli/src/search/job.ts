import { createHash } from 'node:crypto';
import { runtimeVersion } from '@procache/backend-node';
import type { Condition } from '@procache/core';
import type { SamplingDefaults } from '@procache/model';
import { hoistsPlans } from '@procache/ort';
import { conditionsJson, defaultsOf } from '@procache/pipeline';
import { type Campaign, campaignOf, type Json } from '@procache/search';
import { chooseConditions } from '../arguments/conditions.ts';
import { type ChosenModel, chooseModel } from '../arguments/model-choice.ts';
import { chooseProcess, type Process } from '../arguments/sampling.ts';
import { VERSION } from '../version.ts';
import { chooseObjectives } from './objective-choice.ts';
import type { SearchFlags } from './search-flags.ts';

/** A search as the user asked for it, checked against the model. Nothing has been computed yet. */
export interface SearchJob {
  readonly flags: SearchFlags;
  readonly chosen: ChosenModel;
  readonly campaign: Campaign;
  /** Closes what the objectives are measured with. */
  readonly close: () => Promise<void>;
}

/** Reads and checks everything that can be known before anything is computed. The caller closes it. */
export async function chooseSearch(flags: SearchFlags): Promise<SearchJob> {
  const chosen = await chooseModel(flags);
  const process = chooseProcess(flags, chosen);
  const conditions = await conditionsToSearchBy(flags, chosen);
  const objectives = await chooseObjectives(flags, chosen);
  try {
    const { name, fingerprint, model } = chosen;
    const { sampler, eta, guidance, stepsOf } = process;
    const { paper, reuse, gaps, first, last, forecast, rule, features, mix, selective } = flags;
    const { strategy, candidates, iterations, mostImages, budget, target, images } = flags;
    const { seed, seeds, finalSeeds, judge, beside } = flags;
    const campaign = campaignOf({
      model: {
        name,
        fingerprint,
        topology: model.topology,
        latent: model.latent,
        cost: model.cost,
        hoists: hoistsPlans(model),
      },
      sampling: { sampler, eta, guidance, stepsOf, conditions },
      steps: flags.steps ?? defaultsOf(chosen).steps,
      described: {
        [model.takes.kind === 'classes' ? 'labels' : 'texts']: conditionsJson(conditions, model.takes),
        ...describedProcess(process, model.defaults),
      },
      ...{ paper, reuse, gaps, first, last, forecast, rule, features, mix, selective },
      ...{ strategy, candidates, iterations, mostImages, budget, target, images },
      ...{ seed, seeds, finalSeeds, judge, beside },
      measures: objectives.measures,
      data: objectives.files,
      versions: { procache: VERSION, onnxruntime: runtimeVersion(), processor: globalThis.process.arch },
      spell: (option) => `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    });
    return { flags, chosen, campaign, close: objectives.close };
  } catch (cause) {
    await objectives.close();
    throw cause;
  }
}

/** All classes unless some are given; of texts those that are given. */
function conditionsToSearchBy(flags: SearchFlags, chosen: ChosenModel): Promise<readonly Condition[]> {
  return chooseConditions(chosen.model.takes.kind === 'classes' ? { labels: 'all', ...flags } : flags, chosen);
}

/** How images come about, as JSON has it. */
function describedProcess({ rule, eta, sde }: Process, defaults: SamplingDefaults): Readonly<Record<string, Json>> {
  return { timesteps: rule, eta, ...(sde && { sde: { ...sde } as Json }), process: describedDefaults(defaults) };
}

/** Betas of a training by their hash: others make other images. */
function describedDefaults({ trainedBetas, ...settings }: SamplingDefaults): Json {
  const betas = trainedBetas && createHash('sha256').update(JSON.stringify(trainedBetas)).digest('hex').slice(0, 16);
  const given = Object.entries({ ...settings, trainedBetas: betas }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Readonly<Record<string, Json>>;
}
