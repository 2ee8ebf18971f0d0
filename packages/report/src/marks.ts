import { element, type Markup } from './markup.ts';

/** What stands at a point of a plot: shapes are told apart where colours are not. */
export type MarkShape = 'circle' | 'square' | 'triangle' | 'dot' | 'none';

/** A mark with its middle at a point. */
export function drawMark(shape: MarkShape, [x, y]: readonly [number, number], colour: string): readonly Markup[] {
  const filled = `fill:var(${colour});stroke:var(--card);stroke-width:1.5`;
  switch (shape) {
    case 'circle':
      return [element('circle', { cx: x, cy: y, r: 6, style: filled })];
    case 'square':
      return [element('rect', { x: x - 5, y: y - 5, width: 10, height: 10, style: filled })];
    case 'triangle':
      return [element('path', { d: `M${x.toFixed(1)} ${(y - 7).toFixed(1)}l6.5 11.5h-13z`, style: filled })];
    case 'dot':
      return [element('circle', { cx: x, cy: y, r: 3, style: `fill:var(${colour})` })];
    case 'none':
      return [];
  }
}
