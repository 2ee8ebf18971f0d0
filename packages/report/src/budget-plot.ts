import { shownName } from '@procache/core/untrusted';
import { type Axis, type CountAxis, countAxis, linearAxis, logarithmicAxis } from './axis.ts';
import { type Box, placeLabels } from './labels.ts';
import { element, type Markup, text } from './markup.ts';
import { drawMark, type MarkShape } from './marks.ts';
import { shownRange, shownScore } from './shown-score.ts';

/** A point of the plot: a schedule that was measured, or predicted. */
export interface PlotPoint {
  readonly name: string;
  readonly computed: number;
  readonly score: number;
  /** 95 % confidence, where it is known. */
  readonly interval?: readonly [low: number, high: number] | undefined;
}

/** One kind of schedule, drawn alike. */
export interface PlotSeries {
  readonly label: string;
  /** A custom property of the style sheet. */
  readonly colour: string;
  readonly mark: MarkShape;
  /** Whether a line joins the points, and which. */
  readonly line?: 'solid' | 'dashed';
  /** `cloud`: small marks, of which there are many; `all`: a name beside each; `first`: the label beside the first. */
  readonly names: 'cloud' | 'all' | 'first' | 'none';
  /** To which side of its number of steps a mark stands, so that those of other series stay visible; 0 unless given. */
  readonly aside?: Aside;
  readonly points: readonly PlotPoint[];
}

/** To the left of its number of steps, at it, or to the right. */
export type Aside = -1 | 0 | 1;

/** Scores over computed steps. */
export interface BudgetPlot {
  readonly series: readonly PlotSeries[];
  /** What the scores are: `latent-error`. */
  readonly score: string;
  /**
   * Errors spread over decades, and a good schedule has a hundredth of a bad one's; other scores stand in equal steps.
   */
  readonly scale: 'logarithmic' | 'linear';
}

/** The plot is drawn twice, for wide pages and for narrow ones: letters that shrink with a picture cannot be read. */
interface Layout {
  readonly name: 'wide' | 'narrow';
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly mostTicks: number;
}

const WIDE: Layout = { name: 'wide', width: 860, height: 452, left: 56, right: 16, top: 56, bottom: 44, mostTicks: 16 };
const NARROW: Layout = {
  name: 'narrow',
  width: 330,
  height: 392,
  left: 44,
  right: 8,
  top: 56,
  bottom: 44,
  mostTicks: 6,
};

/** Score over computed steps. Points without a place on the scale are left out: see `undrawn`. */
export function budgetPlot(plot: BudgetPlot): readonly Markup[] {
  return [WIDE, NARROW].map((layout) => drawPlot(plot, layout));
}

/** How many points have no place: those that are not finite, and of a logarithmic scale those of 0. */
export function undrawn({ series, scale }: BudgetPlot): number {
  const points = series.flatMap((one) => one.points);
  return points.length - points.filter(({ score }) => hasPlace(score, scale)).length;
}

function hasPlace(score: number, scale: BudgetPlot['scale']): boolean {
  return Number.isFinite(score) && (scale === 'linear' || score > 0);
}

/** Signs of a name for which there is room beside a point. */
const MOST_OF_A_LABEL = 24;
/** How far aside a mark stands: pixels at most, and as a share of the way to the next number of steps. */
const [MOST_ASIDE, ASIDE] = [11, 0.28];

/** Where things are, in pixels. */
interface Scales {
  readonly x: (computed: number, aside?: Aside) => number;
  readonly y: (score: number) => number;
  readonly across: CountAxis;
  readonly up: Axis;
  readonly layout: Layout;
}

function drawPlot({ series, score, scale }: BudgetPlot, layout: Layout): Markup {
  const drawn = series.map((one) => ({ ...one, points: one.points.filter((point) => hasPlace(point.score, scale)) }));
  const scales = scalesOf(drawn, scale, layout);
  const { width, height, left, name } = layout;
  return element(
    'svg',
    {
      class: `plot ${name}`,
      viewBox: `0 0 ${width} ${height}`,
      width,
      role: 'group',
      'aria-label': `${score} over computed steps`,
    },
    scoreAxis(scales),
    stepAxis(scales),
    element('text', { x: 4, y: 12, class: 'muted' }, text(score)),
    element('text', { x: left, y: height - 6, class: 'muted' }, text('computed steps')),
    drawn.map((one) => drawSeries(one, scales)),
    drawLabels(drawn, scales),
  );
}

function scalesOf(series: readonly PlotSeries[], scale: BudgetPlot['scale'], layout: Layout): Scales {
  const { width, height, left, right, top, bottom, mostTicks } = layout;
  const points = series.flatMap((one) => one.points);
  const scores = points.flatMap(({ score, interval }) => [
    score,
    ...(interval ?? []).filter((end) => hasPlace(end, scale) && end >= score),
  ]);
  const up = scale === 'logarithmic' ? logarithmicAxis(scores) : linearAxis(scores);
  const across = countAxis(
    points.map(({ computed }) => computed),
    mostTicks,
  );
  const room = width - left - right;
  return {
    across,
    up,
    layout,
    x: (computed, aside = 0) =>
      left + across.place(computed) * room + aside * Math.min(MOST_ASIDE, ASIDE * across.unit * room),
    y: (score) => height - bottom - up.place(score) * (height - top - bottom),
  };
}

function scoreAxis({ up, y, layout: { left, right, width } }: Scales): Markup {
  return element(
    'g',
    { class: 'grid' },
    up.ticks.flatMap(({ value, text: label }) => [
      element('path', { d: `M${left} ${y(value).toFixed(1)}H${width - right}` }),
      element('text', { x: left - 6, y: y(value) + 4, 'text-anchor': 'end', class: 'muted' }, text(label)),
    ]),
  );
}

function stepAxis({ across, x, layout: { height, bottom } }: Scales): Markup {
  return element(
    'g',
    {},
    across.ticks.map(({ value, text: label }) =>
      element('text', { x: x(value), y: height - bottom + 18, 'text-anchor': 'middle', class: 'muted' }, text(label)),
    ),
  );
}

function drawSeries(series: PlotSeries, scales: Scales): Markup {
  const { label, colour, line, mark, names, aside, points } = series;
  const { x, y } = scales;
  if (points.length === 0) return element('g');
  if (names === 'cloud') return drawCloud(series, scales);
  const path = points.map(
    (point, i) => `${i === 0 ? 'M' : 'L'}${x(point.computed, aside).toFixed(1)} ${y(point.score).toFixed(1)}`,
  );
  const dash = line === 'dashed' ? ';stroke-dasharray:5 4' : '';
  const stroke = { d: path.join(''), style: `stroke:var(${colour});fill:none;stroke-width:2${dash}` };
  const joined = line ? element('path', stroke, element('title', {}, text(label))) : [];
  return element('g', {}, joined, mark === 'none' ? [] : points.map((point) => drawPoint(point, series, scales)));
}

/** Many points that nobody asks the name of: one picture for those who are read to. */
function drawCloud({ label, colour, mark, points }: PlotSeries, { x, y }: Scales): Markup {
  const scores = points.map(({ score }) => score).sort((a, b) => a - b);
  const name = `${points.length} ${label}, ${shownScore(scores[0]!)} to ${shownScore(scores.at(-1)!)}`;
  return element(
    'g',
    { role: 'img', 'aria-label': name, class: 'cloud' },
    points.map((point) =>
      element(
        'g',
        {},
        element('title', {}, text(pointText(point).join(', '))),
        drawMark(mark, [x(point.computed), y(point.score)], colour),
      ),
    ),
  );
}

/** A point that can be walked to with the keyboard, and then says what it is. */
function drawPoint(point: PlotPoint, { colour, mark, aside }: PlotSeries, { x, y, layout }: Scales): Markup {
  const { computed, score, interval } = point;
  const bottom = layout.height - layout.bottom;
  const low = interval && Math.min(bottom, y(interval[0]));
  const bar = interval && `M${x(computed, aside).toFixed(1)} ${low!.toFixed(1)}V${y(interval[1]).toFixed(1)}`;
  const said = pointText(point);
  const lines = said.map((line, i) => element('tspan', { x: layout.left, y: layout.top - 26 + i * 14 }, text(line)));
  return element(
    'g',
    { class: 'point', tabindex: 0, role: 'img', 'aria-label': said.join(', ') },
    element('title', {}, text(said.join(', '))),
    bar === undefined ? [] : element('path', { d: bar, style: `stroke:var(${colour});stroke-width:1.5` }),
    drawMark(mark, [x(computed, aside), y(score)], colour),
    element('text', { class: 'tip', 'aria-hidden': 'true' }, lines),
  );
}

/** What a point is, and what it scored. */
function pointText({ name, computed, score, interval }: PlotPoint): readonly [what: string, scored: string] {
  const range = interval ? `, 95 % sure ${shownRange(interval, ' to ')}` : '';
  return [`${shownName(name, MOST_OF_A_LABEL)}: ${computed} computed`, `${shownScore(score)}${range}`];
}

function drawLabels(series: readonly PlotSeries[], { x, y, layout }: Scales): Markup {
  const { left, right, top, bottom, width, height } = layout;
  const wanted = series.flatMap(({ names, label, aside, points }) => {
    const named = names === 'all' ? points : names === 'first' ? points.slice(0, 1) : [];
    return named.map((point) => ({
      x: x(point.computed, aside),
      y: y(point.score),
      text: names === 'all' ? shownName(point.name, MOST_OF_A_LABEL) : label,
    }));
  });
  const marks = series.flatMap(({ points, mark, aside }) =>
    mark === 'none'
      ? []
      : points.map((point): Box => ({ x: x(point.computed, aside) - 6, y: y(point.score) - 6, width: 12, height: 12 })),
  );
  const frame = { x: left, y: top - 4, width: width - left - right + 8, height: height - top - bottom + 8 };
  return element(
    'g',
    { 'aria-hidden': 'true' },
    placeLabels(wanted, marks, frame).map(({ x: px, y: py, at, anchor, isFar, text: own }) => [
      isFar
        ? element('path', {
            class: 'leader',
            d: `M${px.toFixed(1)} ${py.toFixed(1)}L${at[0].toFixed(1)} ${(at[1] - 4).toFixed(1)}`,
          })
        : [],
      element('text', { class: 'label', x: at[0], y: at[1], 'text-anchor': anchor }, text(own)),
    ]),
  );
}

/** What the marks mean. */
export function plotKey(series: readonly PlotSeries[]): Markup {
  const sign = ({ colour, mark, line, names }: PlotSeries): Markup => {
    const dash = line === 'dashed' ? ';stroke-dasharray:5 4' : '';
    const drawn = line ? element('path', { d: 'M0 7H24', style: `stroke:var(${colour});stroke-width:2${dash}` }) : [];
    const swatch = {
      class: names === 'cloud' ? 'cloud' : undefined,
      width: 24,
      height: 14,
      viewBox: '0 0 24 14',
      'aria-hidden': 'true',
    };
    return element('svg', swatch, drawn, drawMark(mark, [12, 7], colour));
  };
  return element(
    'ul',
    { class: 'key' },
    series.map((one) => element('li', {}, sign(one), text(one.label))),
  );
}
