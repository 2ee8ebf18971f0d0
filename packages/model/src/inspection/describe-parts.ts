import type { ChosenParts } from '../folder/chosen-parts.ts';
import { originText } from '../folder/missing-text.ts';
import { type FoundPart, PART_NAMES, type PartName } from '../folder/parts-at.ts';
import type { Fact } from './describe-model.ts';

/**
 * The parts that stand beside a model, those that are missing and where they come from; `broken` says why parts that
 * are there cannot be opened.
 */
export function describeParts(
  parts: ChosenParts,
  broken: Readonly<Partial<Record<PartName, { readonly message: string }>>> = {},
): readonly Fact[] {
  const facts = PART_NAMES.flatMap((part): readonly Fact[] => {
    const [found, lacking] = [parts[part], parts.missing.find((each) => each.part === part)];
    const why = broken[part]?.message;
    if (found) return [[part, `${placeText(found)}${why === undefined ? '' : ` cannot be opened: ${why}`}`]];
    return lacking ? [[part, `missing: ${originText(lacking.origin)}`]] : [];
  });
  const previews: readonly Fact[] = parts.preview ? [['previews', `by ${placeText(parts.preview)}`]] : [];
  const others = parts.passedOver.map(({ found: { path }, why }) => ['not its own', `${path}: ${why}`] as const);
  return [...facts, ...previews, ...others];
}

function placeText({ path, kind }: FoundPart): string {
  return `${path === '' ? 'beside the weights' : path} (${kind})`;
}
