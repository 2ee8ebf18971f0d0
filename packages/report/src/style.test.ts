import { describe, expect, it } from 'vitest';
import { STYLE } from './style.ts';

type Colours = Readonly<Record<string, string>>;
const coloursIn = (block: string): Colours =>
  Object.fromEntries(
    Array.from(block.matchAll(/--([a-z]+): (#[0-9a-f]{3,6})/g), ([, name, colour]) => [name!, colour!]),
  );
const [light, dark] = STYLE.split('@media (prefers-color-scheme: dark)').map((part) =>
  coloursIn(part.split('* {')[0]!),
) as [Colours, Colours];

/** WCAG 2.2, relative luminance and contrast ratio. */
function luminance(colour: string): number {
  const digits =
    colour.length === 4 ? Array.from(colour.slice(1), (digit) => digit + digit) : colour.slice(1).match(/../g)!;
  const [red, green, blue] = digits.map((pair) => {
    const share = Number.parseInt(pair, 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

describe.each([
  ['light', light],
  ['dark', dark],
])('the %s colours', (_, colours) => {
  it('are those of the other scheme by name', () => {
    expect(Object.keys(colours).sort()).toEqual(Object.keys(light).sort());
  });

  it.each(['ink', 'muted'])('let text in %s be read (WCAG AA: 4.5 to 1)', (name) => {
    for (const ground of ['paper', 'card'])
      expect(contrast(colours[name]!, colours[ground]!)).toBeGreaterThanOrEqual(4.5);
  });

  it.each([
    'found',
    'method',
    'fewer',
    'predicted',
    'cloud',
    'computed',
    'branch',
    'stack',
    'selective',
    'heat',
    'focus',
  ])('let marks in %s be seen (WCAG AA: 3 to 1)', (name) => {
    for (const ground of ['paper', 'card'])
      expect(contrast(colours[name]!, colours[ground]!)).toBeGreaterThanOrEqual(3);
  });
});
