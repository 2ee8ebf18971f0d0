import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Box, placeLabels, type Label } from './labels.ts';

const frame: Box = { x: 40, y: 40, width: 280, height: 300 };
/** The box that a label takes, as wide as its letters are at most. */
const boxOf = ({ at, anchor, text }: Label): Box => {
  const width = text.length * 6.6;
  return { x: anchor === 'start' ? at[0] : at[0] - width, y: at[1] - 11, width, height: 14 };
};
const meet = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe('labels', () => {
  it('stand beside their points', () => {
    const [right, left] = placeLabels(
      [
        { x: 50, y: 100, text: 'fora-3' },
        { x: 310, y: 200, text: 'fora-3' },
      ],
      [],
      frame,
    );
    expect(right).toMatchObject({ anchor: 'start', at: [59, 104], isFar: false });
    expect(left).toMatchObject({ anchor: 'end', at: [301, 204], isFar: false });
  });

  it('cover neither one another nor a mark while there is room, and none is left out', () => {
    const coordinates = fc.record({ x: fc.integer({ min: 60, max: 300 }), y: fc.integer({ min: 60, max: 320 }) });
    fc.assert(
      fc.property(fc.array(coordinates, { minLength: 1, maxLength: 8 }), (points) => {
        const marks = points.map(({ x, y }): Box => ({ x: x - 6, y: y - 6, width: 12, height: 12 }));
        const labels = placeLabels(
          points.map((one, i) => ({ ...one, text: `method ${i}` })),
          marks,
          frame,
        );
        const boxes = labels.map(boxOf);
        expect(labels.map(({ text }) => text)).toEqual(points.map((_, i) => `method ${i}`));
        boxes.forEach((box, i) => {
          for (const other of [...boxes.slice(0, i), ...marks]) expect(meet(box, other)).toBe(false);
          expect(box.x >= frame.x && box.x + box.width <= frame.x + frame.width).toBe(true);
        });
      }),
      { numRuns: 300 },
    );
  });
});
