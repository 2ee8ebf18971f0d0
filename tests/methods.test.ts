import { readFileSync } from 'node:fs';
import { byName, describe as describePlan, isMethod, METHOD_NAMES, planOf, type Topology } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { root } from './workspace.ts';

const xl: Topology = { blocks: Array.from({ length: 28 }, () => ['attn', 'mlp']), grid: [16, 16] };
const STEPS = 50;

/** The sections of a document by their headings, of the third level. */
function sectionsOf(document: string): ReadonlyMap<string, string> {
  const [, ...sections] = readFileSync(root + document, 'utf8').split(/^### /m);
  return new Map(
    sections.map((section) => [section.slice(0, section.indexOf('\n')), section.slice(section.indexOf('\n') + 1)]),
  );
}

const sections = sectionsOf('docs/schedule-format.md');
const sectionOf = (name: string) => [...sections].find(([heading]) => heading.endsWith(`: \`${name}\``))?.[1];

/** The indented lines of a section up to where it turns to another model: first the pattern, then steps of the plan. */
function printedIn(section: string): readonly string[] {
  return section
    .split(/^Multiply-adds|For PixArt/m)[0]!
    .split('\n')
    .filter((line) => line.startsWith('    '))
    .map((line) => line.slice(4));
}

describe.each(METHOD_NAMES)('the method %s', (name) => {
  it('has a section that prints the pattern and the plan that it has', () => {
    const section = sectionOf(name);
    expect(section, `docs/schedule-format.md has no heading that ends with: \`${name}\``).toBeDefined();
    // with numbers, where it has some
    const example = [...section!.matchAll(/`([\w-]+)`/g)].map(([, word]) => word!).find(isMethod) ?? name;
    const [pattern, ...lines] = printedIn(section!);
    const schedule = byName(example, xl, STEPS);
    const plan = describePlan(planOf(schedule, xl)).split('\n');
    expect(pattern).toBe(schedule.pattern);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const whole = plan[Number(/^\s*(\d+)/.exec(line)![1])]!;
      expect(line.endsWith(' ...') ? whole.slice(0, line.length - 4) : whole).toBe(line.replace(/ \.\.\.$/, ''));
    }
  });

  it('has a row that says where it comes from', () => {
    const made = name.replaceAll(/-<\w+>/g, '').replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(readFileSync(`${root}docs/paper.md`, 'utf8')).toMatch(new RegExp(`^\\|.*\`${made}\``, 'm'));
  });
});
