import { checkDecoder, runtimeVersion } from '@procache/backend-node';
import { hoistsPlans } from '@procache/ort';
import { defaultsOf, type Process } from '@procache/pipeline';
import { describedProcess, openMeasures, type OpenedMeasures } from '@procache/search-node';
import { type Campaign, campaignOf, type CampaignOptions } from '@procache/search';
import { type Companions, openCompanions } from '../arguments/companions.ts';
import { type ChosenModel, chooseModel } from '../arguments/model-choice.ts';
import { chooseProcess } from '../arguments/sampling.ts';
import { VERSION } from '../version.ts';
import type { SearchFlags } from './search-flags.ts';
import { chooseShown, type ReadShown, type Shown } from './shown.ts';

/** A search as the user asked for it, checked against the model. Nothing has been computed yet. */
export interface SearchJob {
  readonly flags: SearchFlags;
  readonly chosen: ChosenModel;
  readonly companions: Companions;
  /** Without what images show, where that is texts that are still to be read. */
  readonly campaign: Campaign;
  /** What a user should know before it begins. */
  readonly warnings: readonly string[];
  /** Reads them. */
  readonly read: () => Promise<Campaign>;
  /** Closes what the objectives are measured with, and what stands beside the model. */
  readonly close: () => Promise<void>;
}

/** Reads and checks everything that can be known before anything is computed. The caller closes it. */
export async function chooseSearch(flags: SearchFlags): Promise<SearchJob> {
  const chosen = await chooseModel(flags);
  const companions = await openCompanions(flags, chosen);
  checkDecoder(companions, 'name another with --vae');
  const objectives = await openMeasures({ ...flags, zoo: flags.model }, chosen, spell).catch(async (cause: unknown) => {
    await companions.close();
    throw cause;
  });
  const close = async (): Promise<void> => {
    await objectives.close();
    await companions.close();
  };
  try {
    const process = chooseProcess(flags, chosen);
    const shown = await chooseShown(flags, chosen, process.scale, companions);
    const campaignFor = (images: ReadShown): Campaign =>
      campaignOf(campaignOptions({ flags, chosen, process, objectives, shown, images }));
    return {
      flags,
      chosen,
      companions,
      close,
      campaign: campaignFor(shown.unread),
      warnings: shown.warnings,
      read: async () => campaignFor(await shown.read()),
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** How an option of a search is written. */
function spell(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

interface CampaignParts {
  readonly flags: SearchFlags;
  readonly chosen: ChosenModel;
  readonly process: Process;
  readonly objectives: OpenedMeasures;
  readonly shown: Shown;
  readonly images: ReadShown;
}

function campaignOptions({ flags, chosen, process, objectives, shown, images }: CampaignParts): CampaignOptions {
  const { name, fingerprint, model } = chosen;
  const { sampler, eta, stepsOf } = process;
  const { paper, reuse, gaps, first, last, forecast, rule, features, mix, selective } = flags;
  const { strategy, candidates, iterations, mostImages, budget, target, seed, seeds, finalSeeds, judge, beside } =
    flags;
  const { topology, latent, cost } = model;
  return {
    model: { name, fingerprint, topology, latent, cost, hoists: hoistsPlans(model) },
    sampling: { sampler, eta, stepsOf, ...images },
    steps: flags.steps ?? defaultsOf(chosen).steps,
    described: { ...shown.described, ...describedProcess(process, model.defaults, chosen.size) },
    ...{ paper, reuse, gaps, first, last, forecast, rule, features, mix, selective },
    ...{ strategy, candidates, iterations, mostImages, budget, target, images: flags.images },
    ...{ seed, seeds, finalSeeds, judge, beside },
    measures: objectives.measures,
    data: objectives.files,
    versions: { procache: VERSION, onnxruntime: runtimeVersion(), processor: globalThis.process.arch },
    spell,
  };
}
