import type { Schedule } from '@procache/core';
import { describe, expect, it } from 'vitest';
import type { ReportedContestant, SearchReport } from './report-data.ts';
import { imageSetsSentence, searchReport } from './search-report.ts';

const schedule = (pattern: string, legend: Schedule['legend'] = {}): Schedule => ({ version: 1, pattern, legend });
const first = schedule('#1.#', { '1': [{ do: 'reuse', order: 1 }] });
const second = schedule('#..#');

const contestant = (own: Partial<ReportedContestant>): ReportedContestant => ({
  name: 'found, 2 computed',
  kind: 'found',
  schedule: first,
  computed: 2,
  scores: { 'latent-error': 2e-5, psnr: 50 },
  interval: [1e-5, 3e-5],
  speedup: 1.8,
  multiplyAddRatio: 2,
  ...own,
});

const method = (name: string, error: number): ReportedContestant =>
  contestant({
    name,
    kind: 'method',
    schedule: second,
    scores: { 'latent-error': error, psnr: 40 },
    interval: undefined,
  });

const image = { png: Uint8Array.of(0x89, 0x50, 0x4e, 0x47), width: 1, height: 1 };

const report = (own: Partial<SearchReport> = {}): SearchReport => ({
  model: 'fashion-dit',
  sampler: 'ddim',
  steps: 4,
  guidance: 1.5,
  objectives: [
    { name: 'latent-error', better: 'lower', judges: 'image' },
    { name: 'psnr', better: 'higher', judges: 'image' },
  ],
  images: { search: 16, final: 64, judged: 32 },
  budgets: [
    {
      computed: 2,
      best: 2.5e-5,
      candidates: [
        { schedule: first, search: 3e-5, final: 2.5e-5, isFound: true },
        { schedule: second, search: 4e-5, isFound: false },
      ],
      measured: [
        { pattern: '#1.#', scores: { 'latent-error': 3e-5, psnr: 49 } },
        { pattern: '#..#', scores: { 'latent-error': 4e-5, psnr: 48 } },
      ],
    },
  ],
  judged: [
    contestant({}),
    method('fora-2', 1e-3),
    contestant({ name: '2 plain steps', kind: 'fewer', scores: { 'latent-error': 2e-3, psnr: 30 } }),
  ],
  timedImages: 4,
  predicted: [{ name: 'predicted: #1.#', computed: 2, score: 1e-5 }],
  samples: {
    names: ['coat', 'bag'],
    rows: [
      { name: 'uncached', images: [image, image] },
      { name: 'found', images: [image, image] },
    ],
  },
  movement: [
    { branch: '0.attn', change: [0.1, 0.2, NaN], reuseError: [0.1, 0.3] },
    { branch: '0.mlp', change: [0.1, 0.2, 0.3], reuseError: [0.1, 0.3] },
  ],
  reproduction: {
    facts: [['command', 'procache search --budget 2']],
    files: [{ name: 'found-2.json', text: '{"version": 1}' }],
  },
  ...own,
});

const texts = (html: string, tag: string): readonly string[] =>
  Array.from(html.matchAll(new RegExp(`<${tag}(?: [^>]*)?>(.*?)</${tag}>`, 'gs')), ([, content]) =>
    content!
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  );

/** What of a page is neither one of the tags that it is made of nor text without angle brackets. */
function strayMarkup(html: string): string {
  const [head, style, ...rest] = html.split(/<\/?style>/);
  expect(style).not.toMatch(/<|url\(|@import/);
  const tags = [
    'html|head|meta|title|body|main|footer|section|h1|h2|h3|p|span|div|ul|li|dl|dt|dd|code|pre|details|summary',
    'figure|table|caption|thead|tbody|tr|th|td|img|svg|g|path|rect|circle|text|tspan',
  ].join('|');
  const tag = new RegExp(`</?(?:${tags})(?: (?:[a-zA-Z-]+)="[^"<>]*")*>`, 'g');
  return [head!, ...rest].join('').replace('<!doctype html>', '').replaceAll(tag, '').replaceAll(/[^<>]/g, '');
}

describe('the report of a search', () => {
  const html = searchReport(report());

  it('asks for nothing, runs nothing, forbids both, and says so', () => {
    expect(html).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; img-src data:; ` +
        `style-src &#39;unsafe-inline&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;">`,
    );
    expect(html).toContain('It loads nothing, sends nothing and runs no script');
    expect(html).not.toMatch(/<script|<link|<iframe|<object| on\w+="|https?:\/\/|src="(?!data:image\/png;base64,)/);
    expect(html.indexOf('Content-Security-Policy')).toBeLessThan(html.indexOf('<style>'));
  });

  it('is made of its own tags alone, whatever names say', () => {
    const evil = `<img src=x onerror=alert(1)>"'&\u202e\u0000\u001b[2J</title></style><script>alert(1)</script>`;
    const named = (name: string) => evil + name;
    const { judged, budgets, samples, movement } = report();
    const hostile = searchReport(
      report({
        model: evil,
        sampler: evil,
        objectives: [{ name: evil, better: 'lower', judges: 'set' }],
        judged: judged.map((one) => ({
          ...one,
          name: named(one.name),
          scores: { [evil]: 1 },
          schedule: schedule('#<&>"', { '<': [{ do: 'reuse' }] }),
        })),
        budgets: budgets.map((one) => ({ ...one, measured: [{ pattern: evil, scores: { [evil]: 1 } }] })),
        predicted: [{ name: evil, computed: 2, score: 1 }],
        samples: { names: [evil, evil], rows: samples!.rows.map((row) => ({ ...row, name: evil })) },
        movement: movement.map((one) => ({ ...one, branch: `0.${evil}` })),
        reproduction: { facts: [[evil, evil]], files: [{ name: evil, text: evil }] },
      }),
    );
    expect(strayMarkup(html)).toBe('');
    expect(strayMarkup(hostile)).toBe('');
    expect(hostile).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(hostile).toContain('\\u{202e}\\u{0}\\u{1b}');
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(hostile).not.toMatch(/[\u0000\u001b\u202e]/);
  });

  it('keeps the length of names within bounds', () => {
    const long = 'x'.repeat(5_000_000);
    const { judged } = report();
    const page = searchReport(
      report({
        model: long,
        judged: judged.map((one) => ({ ...one, name: long })),
        samples: { names: [long, long], rows: [{ name: long, images: [image, image] }] },
      }),
    );
    expect(page.length - html.length).toBeLessThan(10_000);
  });

  it('has one main part, one title, and headings in order', () => {
    expect(html.match(/<main>/g)).toHaveLength(1);
    expect(html).toContain('<html lang="en">');
    expect(texts(html.split('</head>')[0]!, 'title')).toEqual(['The best caching schedules of fashion-dit']);
    const levels = Array.from(html.matchAll(/<h([1-6])>/g), ([, level]) => Number(level));
    expect(levels[0]).toBe(1);
    levels.slice(1).forEach((level, i) => expect(level > 1 && level - levels[i]! <= 1).toBe(true));
  });

  it('has a heading with a scope for every column and row of its tables, and units below', () => {
    const heads = html.match(/<th[ >][^]*?<\/th>/g)!;
    for (const head of heads) {
      expect(head).toMatch(/^<th scope="(?:row|col)"/);
      expect(head.replaceAll(/<[^>]*>/g, '').trim()).not.toBe('');
    }
    const [result] = html.match(/<table>[^]*?<\/table>/)!;
    expect(texts(result, 'thead')).toEqual([
      'schedule computed steps latent-error mean square 95 % sure from, to psnr dB ' +
        'speed-up times arithmetic times less',
    ]);
    expect(texts(result, 'tbody')[0]).toContain('found, 2 computed 2 2.00e-5 1.00e-5 to 3.00e-5 50.0 1.80 2.00');
  });

  it('has figures that the keyboard reaches, and a name for every picture in them', () => {
    const figures = html.match(/<figure[^>]*>/g)!;
    expect(figures.length).toBeGreaterThanOrEqual(5);
    for (const figure of figures) expect(figure).toMatch(/^<figure tabindex="0" aria-label="[^"]+">$/);
    for (const svg of html.match(/<svg[^>]*>/g)!)
      expect(svg).toMatch(/role="(?:img|group)" aria-label="[^"]+"|aria-hidden="true"/);
    for (const img of html.match(/<img[^>]*>/g)!) expect(img).toMatch(/ alt="[^"]+"/);
  });

  it('explains exactly the letters that its strips show', () => {
    for (const figure of html.match(/<figure[^>]*step by step[^]*?<\/figure>/g)!) {
      const shown = texts(figure, 'text').flatMap((letters) => Array.from(letters));
      const explained = texts(figure, 'code');
      expect([...explained].sort()).toEqual([...new Set(shown)].sort());
    }
    expect(html.match(/<figure[^>]*step by step/g)).toHaveLength(2);
  });
});

describe('which images stand behind a number', () => {
  it('is said in one sentence', () => {
    const sentence = imageSetsSentence({ search: 16, final: 64, judged: 32 });
    expect(sentence).toBe(
      'The scores on this page are of three sets of images, and compare within one set only: schedules were ' +
        'searched by 16 images, ' +
        'the best of them raced on 64 images, which decided what is called found, and the table of the result ' +
        'is of 32 images by which nothing was chosen.',
    );
    expect(searchReport(report())).toContain(sentence);
    expect(imageSetsSentence({ search: 16, final: 0, judged: 32 })).toContain('are of two sets of images');
    expect(imageSetsSentence({ search: 16, final: 0, judged: 0 })).toBe(
      'Every score on this page is of 16 images that schedules were searched by; it flatters what was found.',
    );
  });

  it('stands above every column of candidates', () => {
    const html = searchReport(report());
    expect(texts(html, 'thead').find((head) => head.includes('of the search'))).toBe(
      'schedule steps latent-error on 16 images of the search latent-error on 64 images of the final race',
    );
  });
});

describe('a schedule that is better than what was found', () => {
  it('is never shown without a word: a candidate that lost the final race', () => {
    const { budgets } = report();
    const [own] = budgets;
    const better = {
      ...own!,
      candidates: [{ schedule: second, search: 1e-5, final: 4e-5, isFound: false }, ...own!.candidates.slice(0, 1)],
    };
    const html = searchReport(report({ budgets: [better] }));
    expect(html).toContain(
      '2 computed: Candidate 1 was better than what was found on the images of the search, and worse on the ' +
        'fresh images of the final race, which decide.',
    );
    expect(searchReport(report())).not.toContain('was better than what was found');
  });

  it('is never shown without a word: a method in the result', () => {
    const html = searchReport(report({ judged: [contestant({}), method('fora-2', 1e-5)] }));
    expect(html).toContain(
      'On these images fora-2 (2 computed) did better than &quot;found, 2 computed&quot; with no more computed steps.',
    );
    expect(searchReport(report())).not.toContain('did better than');
  });

  it('is told by the direction of the objective', () => {
    const psnr = { name: 'psnr', better: 'higher', judges: 'image' } as const;
    const html = searchReport(
      report({
        objectives: [psnr, { name: 'latent-error', better: 'lower', judges: 'image' }],
        judged: [contestant({}), method('fora-2', 1e-5)],
      }),
    );
    expect(html).not.toContain('did better than'); // 40 dB against 50
  });
});

describe('the words beside the numbers', () => {
  it('say what the images are compared with', () => {
    expect(searchReport(report())).toContain(
      'Each is compared with the uncached image from the same noise (latent-error and psnr).',
    );
    const kernel = { name: 'kernel', better: 'lower', judges: 'set' } as const;
    const { judged, budgets } = report();
    const html = searchReport(
      report({
        objectives: [kernel],
        images: { search: 16, final: 0, judged: 32 },
        judged: judged.map((one, i) => ({ ...one, scores: { kernel: i - 1 }, interval: undefined })),
        budgets: budgets.map((one) => ({ ...one, measured: [{ pattern: '#..#', scores: { kernel: -0.5 } }] })),
      }),
    );
    expect(html).toContain(
      'Measured on 32 images that the search has not seen. All together are compared with the data that was ' +
        'given (kernel).',
    );
    expect(html).not.toContain('uncached image from the same noise');
    expect(html).not.toContain('intervals as bars');
    expect(html).not.toContain('no place on this scale'); // a kernel distance may be negative
  });

  it('say how many marks the plot has no place for', () => {
    const same = contestant({ name: 'the same', kind: 'method', scores: { 'latent-error': 0, psnr: Infinity } });
    expect(searchReport(report({ judged: [contestant({}), same] }))).toContain(
      'Of 1 more the score is 0 or no number, and has no place on this scale.',
    );
  });

  it('call a score that is better the higher no error', () => {
    const { judged, budgets } = report();
    const html = searchReport(
      report({ objectives: [{ name: 'psnr', better: 'higher', judges: 'image' }], judged, budgets }),
    );
    expect(texts(html, 'h2')).toContain('Score over budget');
    expect(texts(searchReport(report()), 'h2')).toContain('Error over budget');
  });
});

describe('a search of which little is known', () => {
  it('makes a page all the same', () => {
    const html = searchReport(
      report({
        judged: [],
        predicted: [],
        movement: [],
        samples: undefined,
        images: { search: 2, final: 0, judged: 0 },
      }),
    );
    expect(strayMarkup(html)).toBe('');
    expect(html).toContain('which nothing here decodes to pictures');
    expect(html).not.toMatch(/NaN|undefined/);
    const none = report().budgets.map((own) => ({ ...own, measured: [], candidates: [] }));
    expect(searchReport(report({ judged: [], predicted: [], budgets: none }))).toContain(
      'Nothing was measured that could be drawn here.',
    );
  });

  it('keeps within megabytes however much was measured', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => ({
      pattern: '#'.padEnd(50, '.'),
      scores: { 'latent-error': 1e-5 + i * 1e-9, psnr: 40 },
    }));
    const branches = Array.from({ length: 56 }, (_, i) => ({
      branch: `${i >> 1}.${i % 2 ? 'mlp' : 'attn'}`,
      change: Array.from({ length: 1999 }, () => 0.1),
      reuseError: [0.1],
    }));
    const html = searchReport(
      report({ budgets: report().budgets.map((own) => ({ ...own, measured: many })), movement: branches }),
    );
    expect(html).toContain('the best 300 of each budget');
    expect(html).toContain('One of every 8 steps is shown.');
    expect(html.length).toBeLessThan(8e6);
  });
});
