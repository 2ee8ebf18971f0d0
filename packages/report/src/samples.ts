import { base64Of } from './base64.ts';
import { element, type Markup, nameText, single, text } from './markup.ts';

/** The same images by different schedules. */
export interface Samples {
  /** Of each column: what is drawn. */
  readonly names: readonly string[];
  readonly rows: readonly SampleRow[];
}

/** The images of one schedule, or what they differ by from another's. */
export interface SampleRow {
  readonly name: string;
  /** Whether the row says something about the one above it, and is set smaller. */
  readonly isNote?: boolean;
  readonly images: readonly SampleImage[];
}

/** One image; width and height in pixels of its file. */
export interface SampleImage {
  /** A PNG file. */
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Images side by side, a row for each schedule. The images are in the page itself. */
export function sampleTable({ names, rows }: Samples): Markup {
  const shown = names.map(nameText);
  const heads = ['schedule', ...shown].map((name) => element('th', { scope: 'col' }, text(name)));
  return element(
    'table',
    { class: 'samples' },
    element('caption', { class: 'unseen' }, text('the same images by different schedules')),
    element('thead', {}, element('tr', {}, heads)),
    element(
      'tbody',
      {},
      rows.map(({ name, isNote, images }) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row', class: isNote ? 'note' : undefined }, text(nameText(name))),
          images.map((image, i) => element('td', {}, picture(image, `${shown[i] ?? ''}, ${nameText(name)}`))),
        ),
      ),
    ),
  );
}

function picture({ png, width, height }: SampleImage, alt: string): Markup {
  return single('img', { src: `data:image/png;base64,${base64Of(png)}`, alt, width, height });
}
