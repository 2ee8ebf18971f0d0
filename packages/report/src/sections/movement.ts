import { heatKey, type HeatMap, heatMap, strongest } from '../heat-map.ts';
import { element, type Markup, nameText, text } from '../markup.ts';
import { figure, type Section } from '../page.ts';

/** How the features of one branch move along an uncached trajectory. */
export interface Movement {
  /** `21.mlp`. */
  readonly branch: string;
  /** The relative L1 change from each step to the next: one entry fewer than steps. */
  readonly change: readonly number[];
  /** `reuseError[gap - 1]`: the relative L1 error of a feature that is reused `gap` steps later. */
  readonly reuseError: readonly number[];
}

/** A picture and its table have no room for more columns; of more steps every second one is shown, or every third. */
const MOST_COLUMNS = 250;

/**
 * Feature change per step and block, and error after reuse over gap and depth: the analysis of the paper's section 3.
 */
export function movementSection(movement: readonly Movement[]): Section {
  const title = 'How features move';
  if (movement.length === 0) return { title, words: ['It was not measured.'], content: [] };
  const pace = Math.ceil(Math.max(...movement.map(({ change }) => change.length)) / MOST_COLUMNS);
  const changes = mapsOf(movement, ({ change }) => change.filter((_, i) => i % pace === 0), {
    name: (module) => `Change of ${module} from the step before`,
    column: (i) => String(1 + i * pace),
    xLabel: 'step',
    cell: [16, 16],
  });
  const errors = mapsOf(movement, ({ reuseError }) => reuseError, {
    name: (module) => `Error of ${module} where it is reused after a gap of so many steps`,
    column: (i) => String(1 + i),
    xLabel: 'gap',
    cell: [32, 16],
  });
  return {
    title,
    words: [
      'Measured from this model on uncached trajectories of two images. The relative L1 change: the sum of absolute ' +
        'differences by the sum of absolute values; it has no unit. Where a step differs little from the one before, ' +
        'reuse costs little.',
      ...(pace > 1 ? [`One of every ${pace} steps is shown.`] : []),
    ],
    content: [painted(changes), painted(errors)],
  };
}

interface MapSettings {
  readonly name: (module: string) => string;
  readonly column: (index: number) => string;
  readonly xLabel: string;
  readonly cell: readonly [width: number, height: number];
}

/** A picture for each kind of module, a row for each of its blocks. */
function mapsOf(
  movement: readonly Movement[],
  valuesOf: (own: Movement) => readonly number[],
  { name, column, xLabel, cell }: MapSettings,
): readonly HeatMap[] {
  const parts = movement.map((own) => ({
    own,
    block: own.branch.split('.')[0]!,
    module: own.branch.split('.').slice(1).join('.'),
  }));
  return [...new Set(parts.map(({ module }) => module))].map((module) => {
    const rows = parts.filter((part) => part.module === module);
    const values = rows.map(({ own }) => valuesOf(own));
    const columns = Array.from({ length: Math.max(...values.map(({ length }) => length)) }, (_, i) => column(i));
    return {
      name: name(nameText(module)),
      rows: rows.map(({ block }) => nameText(block)),
      columns,
      values,
      xLabel,
      yLabel: 'block',
      cell,
    };
  });
}

/** Pictures that share one scale. */
function painted(maps: readonly HeatMap[]): Markup {
  const most = strongest(maps.flatMap(({ values }) => values));
  const figures = maps.map((map) => figure(map.name, element('p', {}, text(map.name)), heatMap(map, most)));
  return element('div', { class: 'maps' }, heatKey(most), element('div', { class: 'beside' }, figures));
}
