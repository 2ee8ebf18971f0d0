import type { ChosenParts } from '../folder/chosen-parts.ts';
import { originText } from '../folder/missing-text.ts';
import { PART_NAMES } from '../folder/parts-at.ts';
import type { Fact } from './describe-model.ts';

/** The parts that stand beside a model, those that are missing and where they come from. */
export function describeParts(parts: ChosenParts): readonly Fact[] {
  const facts = PART_NAMES.flatMap((part): readonly Fact[] => {
    const [found, lacking] = [parts[part], parts.missing.find((each) => each.part === part)];
    if (found) return [[part, `${found.path === '' ? 'beside the weights' : found.path} (${found.kind})`]];
    return lacking ? [[part, `missing: ${originText(lacking.origin)}`]] : [];
  });
  const others = parts.passedOver.map(({ found: { path }, why }) => ['not its own', `${path}: ${why}`] as const);
  return [...facts, ...others];
}
