import { small } from '../../units.ts';
import { element, type Markup, text } from './markup.ts';

/** A point of the budget-to-error plot: a schedule that was measured. */
export interface CurvePoint {
  readonly name: string;
  readonly computed: number;
  readonly error: number;
  /** 95 % confidence, where it is known. */
  readonly interval?: readonly [low: number, high: number];
}

/** One kind of schedule, drawn alike. */
export interface CurveSeries {
  readonly label: string;
  /** A custom property of the style sheet. */
  readonly colour: string;
  readonly line: 'solid' | 'dashed' | 'none';
  /** Small marks without names: there are many. */
  readonly isCloud?: boolean;
  readonly points: readonly CurvePoint[];
}

const [WIDTH, HEIGHT] = [920, 420];
const [LEFT, RIGHT, TOP, BOTTOM] = [58, 24, 28, 44];

/** Error over computed steps: a logarithmic scale of error, since a good schedule has a hundredth of a bad one's. */
export function budgetCurvePlot(series: readonly CurveSeries[], yLabel: string): Markup {
  const points = series.flatMap((one) => one.points).filter(({ error }) => error > 0);
  const [least, most] = [Math.min(...points.map(({ error }) => error)), Math.max(...points.map(({ error }) => error))];
  const [low, high] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const [first, last] = [Math.min(...points.map(({ computed }) => computed)) - 0.7, Math.max(...points.map(({ computed }) => computed)) + 0.7];
  const x = (computed: number): number => LEFT + ((computed - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (error: number): number => TOP + ((high - Math.log10(Math.max(error, 10 ** low))) / Math.max(1, high - low)) * (HEIGHT - TOP - BOTTOM);
  const scale = { x, y };
  return element(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, role: 'img', 'aria-label': `${yLabel} over computed steps` },
    errorAxis(low, high, scale),
    stepAxis(first, last, scale),
    element('text', { x: LEFT, y: HEIGHT - 6, class: 'muted' }, text('computed steps')),
    element('text', { x: 4, y: 12, class: 'muted' }, text(yLabel)),
    series.map((one) => drawSeries(one, scale)),
  );
}

interface Scale {
  readonly x: (computed: number) => number;
  readonly y: (error: number) => number;
}

function errorAxis(low: number, high: number, { y }: Scale): Markup {
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  return element(
    'g',
    { class: 'grid' },
    ticks.flatMap((tick) => [
      element('path', { d: `M${LEFT} ${y(10 ** tick).toFixed(1)}H${WIDTH - RIGHT}` }),
      element('text', { x: LEFT - 8, y: y(10 ** tick) + 4, 'text-anchor': 'end', class: 'muted' }, text(`1e${tick}`)),
    ]),
  );
}

function stepAxis(first: number, last: number, { x }: Scale): Markup {
  const from = Math.ceil(first);
  const pace = [1, 2, 5, 10, 20, 50].find((step) => (last - first) / step <= 16) ?? 100;
  const ticks = Array.from({ length: Math.floor(last) - from + 1 }, (_, i) => from + i).filter((tick) => tick % pace === 0);
  return element(
    'g',
    {},
    ticks.map((tick) => element('text', { x: x(tick), y: HEIGHT - BOTTOM + 18, 'text-anchor': 'middle', class: 'muted' }, text(tick))),
  );
}

function drawSeries({ label, colour, line, isCloud, points }: CurveSeries, { x, y }: Scale): Markup {
  const drawn = points.filter(({ error }) => error > 0);
  const path = drawn.map(({ computed, error }, i) => `${i === 0 ? 'M' : 'L'}${x(computed).toFixed(1)} ${y(error).toFixed(1)}`).join('');
  const stroke = `stroke:var(${colour});fill:none;stroke-width:2${line === 'dashed' ? ';stroke-dasharray:5 4' : ''}`;
  const title = ({ name, computed, error }: CurvePoint): Markup => element('title', {}, text(`${name}: ${computed} computed, ${small(error)}`));
  if (isCloud) return element('g', {}, drawn.map((point) => element('circle', { cx: x(point.computed), cy: y(point.error), r: 3, class: 'dot' }, title(point))));
  return element(
    'g',
    {},
    line === 'none' ? [] : element('path', { d: path, style: stroke }, element('title', {}, text(label))),
    line === 'dashed' ? [] : drawn.map((point) => mark(point, colour, { x, y }, title(point))),
  );
}

function mark({ computed, error, interval }: CurvePoint, colour: string, { x, y }: Scale, title: Markup): Markup {
  const bar = interval && `M${x(computed).toFixed(1)} ${y(Math.max(interval[0], error / 10)).toFixed(1)}V${y(interval[1]).toFixed(1)}`;
  return element(
    'g',
    {},
    bar === undefined ? [] : element('path', { d: bar, style: `stroke:var(${colour});stroke-width:1.5` }),
    element('circle', { cx: x(computed), cy: y(error), r: 5, style: `fill:var(${colour});stroke:var(--card);stroke-width:2` }, title),
  );
}

/** What the colours mean. */
export function curveKey(series: readonly CurveSeries[]): Markup {
  const sign = ({ colour, isCloud }: CurveSeries): Markup =>
    element('svg', { width: 12, height: 12 }, element('circle', { cx: 6, cy: 6, r: isCloud ? 3 : 5, style: `fill:var(${colour})${isCloud ? ';fill-opacity:.4' : ''}` }));
  return element(
    'ul',
    { class: 'key' },
    series.map((one) => element('li', {}, sign(one), text(one.label))),
  );
}
