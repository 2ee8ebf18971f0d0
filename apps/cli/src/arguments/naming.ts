import type { Spelling } from '@procache/core';
import type { KnownModel, OptionName } from '@procache/pipeline';
import { conditionOption } from './conditions.ts';

/** The options whose names are others than those of a request. */
const FLAGS: Partial<Readonly<Record<OptionName, string>>> = {
  'sde.form': '--diffusion-form',
  'sde.norm': '--diffusion-norm',
  'sde.lastStep': '--last-step',
  'sde.lastStepSize': '--last-step-size',
  negative: '--negative-prompt',
  binning: '--no-resolution-binning',
};

/** How an option is written on the command line. */
export const asFlag: Spelling<OptionName> = (option) => FLAGS[option] ?? `--${option}`;

/** The same with the option that says what a model is to draw. */
export function asFlagOf(known: KnownModel): Spelling<OptionName> {
  return (option) => (option === 'conditions' ? conditionOption(known) : asFlag(option));
}
