/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classNames } from './class-names.ts';
import { ModelConfig } from './model-config.ts';

const cases = new URL('../../../conformance/fixtures/cases/10-id2label/', import.meta.url);
const ofIndex = (name: string) =>
  classNames(
    ModelConfig.parse({ index: readFileSync(new URL(`model_index-${name}.json`, cases), 'utf8') }).read().classes,
    11,
  );
const ofConfig = (fields: object, rows = 3) => classNames(ModelConfig.of({ ...fields }).read().classes, rows);

describe('classNames', () => {
  it('the keys of id2label are labels, and the parts of its texts are names', () => {
    const full = ofIndex('full')!;
    expect(full[2]).toEqual(['great white shark', 'white shark', 'man-eater']);
    expect([full[3], full[7]]).toEqual([['crane'], ['crane', 'hoist']]);
    expect(full[10]).toEqual([]);
  });

  it('gaps stay gaps, and names of labels beyond the table are passed over', () => {
    const gaps = ofIndex('gaps')!;
    expect([gaps[4], gaps[5], gaps[8]]).toEqual([[], ['umbrella'], ['coffee mug']]);
    expect(gaps).toHaveLength(11);
  });

  it('a list that names some of the classes will do', () => {
    expect(ofIndex('partial')![7]).toEqual(['crane', 'hoist']);
    expect(ofIndex('partial')![8]).toEqual([]);
  });

  it("takes a model's own list, and the same object, likewise", () => {
    expect(ofConfig({ classes: ['tench, Tinca tinca', null] })).toEqual([['tench', 'Tinca tinca'], [], []]);
    expect(ofConfig({ classes: { 1: ' a ,, b, a' } })).toEqual([[], ['a', 'b'], []]);
    expect(ofConfig({ id2label: { '01': 'x' } })).toEqual([[], ['x'], []]);
    expect(ofConfig({})).toBeUndefined();
    expect(ofConfig({ classes: [] })).toBeUndefined();
  });

  it.each([
    [{ classes: ['a', 'b', 'c', 'd'] }, 'config.json: classes: there are names of 4 classes, but the model has 3'],
    [{ classes: 'cat' }, 'config.json: classes is "cat", neither a list of names nor an object of them'],
    [{ classes: ['a', 7] }, 'config.json: classes[1]: 7 is not a text'],
    [{ id2label: { a: 'x' } }, 'config.json: id2label: the key "a" is no class number'],
    [{ id2label: { '-1': 'x' } }, 'the key "-1" is no class number'],
    [{ id2label: { 0: ['x'] } }, 'config.json: id2label["0"]: ["x"] is not a text'],
    [{ classes: ['x'.repeat(1e6)] }, 'config.json: classes[0]: the name of a class has 1000000 signs; it may have 500'],
  ])('refuses %o', (fields, message) => {
    expect(() => ofConfig(fields)).toThrow(message);
  });

  it('blames the file that the names stand in', () => {
    const config = ModelConfig.parse({ index: '{"id2label": {"0": 1}}', config: '{"classes": ["a"]}' });
    expect(() => classNames(config.read().classes, 3)).toThrow('model_index.json: id2label["0"]: 1 is not a text');
    expect(classNames(config.with({ classes: ['mine'] }).read().classes, 3)?.[0]).toEqual(['mine']);
  });
});
