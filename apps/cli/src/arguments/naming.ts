import type { Spelling } from '@procache/core';
import type { OptionName } from '@procache/pipeline';

/** The options whose names are others than those of a request. */
const FLAGS: Partial<Readonly<Record<OptionName, string>>> = {
  'sde.form': '--diffusion-form',
  'sde.norm': '--diffusion-norm',
  'sde.lastStep': '--last-step',
  'sde.lastStepSize': '--last-step-size',
};

/** How an option is written on the command line. */
export const asFlag: Spelling<OptionName> = (option) => FLAGS[option] ?? `--${option}`;
