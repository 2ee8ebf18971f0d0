/** A rectangle, in pixels from the top left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A text that belongs to a point. */
export interface Wanted {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** A text, and where it stands. */
export interface Label extends Wanted {
  /** The point of its base line that `anchor` speaks of. */
  readonly at: readonly [x: number, y: number];
  readonly anchor: 'start' | 'end';
  /** Whether it is so far from its point that a line has to lead there. */
  readonly isFar: boolean;
}

/** About as wide as a letter is, and as high as a line is, at 12 pixels. */
const [LETTER, LINE] = [6.6, 14];
/** Between a point and its text. */
const GAP = 9;
/** Lines above and below its point that a text may move. */
const REACH = 12;

/**
 * Places texts beside their points, within a frame, so that none covers another or a mark.
 *
 * One after another: each takes the nearest free place at the right or at the left of its point. Where there is none it
 * takes the one that covers least, so no text is left out.
 */
export function placeLabels(wanted: readonly Wanted[], marks: readonly Box[], frame: Box): readonly Label[] {
  const taken = [...marks];
  return wanted.map((one) => {
    const places = placesOf(one).filter(({ box }) => isWithin(box, frame));
    const best = leastBy(places.length > 0 ? places : placesOf(one).slice(0, 2), ({ box }) => covered(box, taken));
    taken.push(best.box);
    return best.label;
  });
}

interface Place {
  readonly label: Label;
  readonly box: Box;
}

/** All places for a text, the nearest first. */
function placesOf({ x, y, text }: Wanted): readonly Place[] {
  const width = text.length * LETTER;
  const lines = [0, ...Array.from({ length: REACH }, (_, i) => [-(i + 1), i + 1]).flat()];
  return lines.flatMap((line) =>
    (['start', 'end'] as const).map((anchor): Place => {
      const left = anchor === 'start' ? x + GAP : x - GAP - width;
      const top = y - LINE / 2 + line * LINE;
      return {
        box: { x: left, y: top, width, height: LINE },
        label: {
          x,
          y,
          text,
          anchor,
          at: [anchor === 'start' ? left : left + width, top + LINE - 3],
          isFar: line !== 0,
        },
      };
    }),
  );
}

function isWithin(box: Box, frame: Box): boolean {
  const fitsAcross = box.x >= frame.x && box.x + box.width <= frame.x + frame.width;
  return fitsAcross && box.y >= frame.y && box.y + box.height <= frame.y + frame.height;
}

/** How much of a box others cover, in square pixels. */
function covered(box: Box, others: readonly Box[]): number {
  return others.reduce((sum, other) => {
    const across = Math.min(box.x + box.width, other.x + other.width) - Math.max(box.x, other.x);
    const down = Math.min(box.y + box.height, other.y + other.height) - Math.max(box.y, other.y);
    return sum + Math.max(0, across) * Math.max(0, down);
  }, 0);
}

/** The first of the items whose cost is least. */
function leastBy<Item>(items: readonly Item[], costOf: (item: Item) => number): Item {
  return items.reduce((best, item) => (costOf(item) < costOf(best) ? item : best));
}
