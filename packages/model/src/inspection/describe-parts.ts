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
  broken: Readonly<Partial<Record<PartName | 'preview', { readonly message: string }>>> = {},
): readonly Fact[] {
  const facts = PART_NAMES.flatMap((part): readonly Fact[] => {
    const [found, lacking] = [parts[part], parts.missing.find((each) => each.part === part)];
    if (found) return [[part, `${placeText(found)}${brokenText(broken[part])}`]];
    return lacking ? [[part, `missing: ${originText(lacking.origin)}`]] : [];
  });
  const previews: readonly Fact[] = parts.preview
    ? [['previews', `by ${placeText(parts.preview)}${brokenText(broken.preview)}`]]
    : [];
  const others = parts.passedOver.map(({ found: { path }, why }) => ['not its own', `${path}: ${why}`] as const);
  return [...facts, ...previews, ...others];
}

function brokenText(cause: { readonly message: string } | undefined): string {
  return cause === undefined ? '' : ` cannot be opened: ${cause.message}`;
}

function placeText({ path, kind }: FoundPart): string {
  return `${path === '' ? 'beside the weights' : path} (${kind})`;
}
