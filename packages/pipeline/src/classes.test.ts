import type { Classes } from '@procache/model';
import { describe, expect, it } from 'vitest';
import { classesOf, guessOfClasses, nameOfClass, takenClasses } from './classes.ts';
import { doubtOf } from './conditions.ts';

/** The classes of model_index-gaps.json of the cases: no name is known of 4. */
const labels: Classes = {
  kind: 'classes',
  count: 10,
  unconditional: 10,
  guessed: false,
  names: [
    ['tench', 'Tinca tinca'],
    ['goldfish'],
    ['great white shark', 'white shark', 'man-eater'],
    ['crane'],
    [],
    ['umbrella'],
    ['Labrador retriever'],
    ['crane', 'hoist'],
    ['coffee mug'],
    ['ladle'],
    [],
  ],
};
const nameless: Classes = { ...labels, names: undefined };

/** The classes of a list as a command line has it. */
function listed(list: string | undefined, classes: Classes): readonly number[] {
  return classesOf(list === 'all' ? 'all' : list?.split(','), classes, '--labels');
}

describe('classesOf', () => {
  it('takes any name of a class, in any case and any way of writing an accent', () => {
    expect(listed('white shark, hoist, umbrella, LABRADOR retriever, tinca tinca', labels)).toEqual([2, 7, 5, 6, 0]);
    expect(listed('cafe\u0301', { ...labels, names: [['caf\u00e9']] })).toEqual([0]);
  });

  it('refuses a name that two classes have, with both numbers', () => {
    expect(() => listed('crane', labels)).toThrow(
      "--labels: 'crane' is the name of 2 classes; give the number of the one that is meant: 3 (crane), 7 " +
        '(crane, hoist)',
    );
    expect(listed('3,7', labels)).toEqual([3, 7]);
  });

  it('tells classes apart whose names differ in case only, as a dog and a garment of ImageNet', () => {
    const imagenet = { ...labels, names: [['Cardigan', 'Cardigan Welsh corgi'], ['cardigan']] };
    expect(listed('Cardigan, cardigan', imagenet)).toEqual([0, 1]);
    expect(() => listed('CARDIGAN', imagenet)).toThrow('0 (Cardigan, Cardigan Welsh corgi), 1 (cardigan)');
  });

  it('takes the label for no class', () => {
    expect(listed('10, 0', labels)).toEqual([10, 0]);
    expect(() => listed('10', { ...labels, unconditional: undefined })).toThrow(
      "--labels: label 10 is outside the model's 10 classes; labels are 0 to 9",
    );
  });

  it('takes numbers as numbers, and refuses those that are no label', () => {
    expect(classesOf([3, 10, '3'], labels, 'conditions')).toEqual([3, 10, 3]);
    for (const odd of [-1, 1.5, NaN, 11])
      expect(() => classesOf([odd], labels, 'conditions')).toThrow(`conditions: label ${odd} is outside the model's`);
  });

  it('without a list draws all classes where they are few', () => {
    expect(listed(undefined, labels)).toHaveLength(10);
    expect(listed(undefined, { ...nameless, count: 1000 })).toEqual([0]);
    expect(listed('all', { ...nameless, count: 12 })).toHaveLength(12);
  });

  it.each([
    [
      '11',
      "label 11 is outside the model's 10 classes; labels are 0 to 9 (tench, goldfish, great white shark, " +
        'crane, umbrella',
    ],
    ['99999999999999999999', "label 99999999999999999999 is outside the model's 10 classes"],
    ['1,,2', 'there is an empty label in the list; labels are 0 to 9'],
    ['umbrela', "there is no class 'umbrela'; nearest first: umbrella"],
    ['x\u001b[2J', "there is no class 'x\\u{1b}[2J'"],
  ])('refuses %s', (list, message) => {
    expect(() => listed(list, labels)).toThrow(`--labels: ${message}`);
  });

  it('says where classes have no names', () => {
    expect(() => listed('cat', nameless)).toThrow(
      "--labels: 'cat' is no label, as the classes of this model have no names; labels are 0 to 9, or 10 for no class",
    );
    expect(() => listed('cat', { ...labels, names: [[], []] })).toThrow("'cat' is no label, as the classes");
  });

  it('says that the number of classes is a guess where a label is outside of it', () => {
    const guessed: Classes = { ...nameless, count: 9, unconditional: 9, guessed: true };
    const guess =
      'row 9 of its label table is taken for "no class"; if it is a class, say "num_classes": 10 in the config';
    expect(guessOfClasses(guessed)).toBe(guess);
    expect(() => listed('10', guessed)).toThrow(
      `--labels: label 10 is outside the model's 9 classes (${guess}); labels are 0 to 8, or 9 for no class`,
    );
  });

  it('doubts the guess where the table has a round number of rows', () => {
    const guessed: Classes = { ...nameless, count: 9, unconditional: 9, guessed: true };
    expect(doubtOf(guessed)).toBe(
      'guidance leads away from "no class", and row 9 of its label table is taken for "no class"; ' +
        'if it is a class, say "num_classes": 10 in the config',
    );
    expect(doubtOf({ ...guessed, count: 1000, unconditional: 1000 })).toBeUndefined();
    expect(doubtOf({ ...guessed, guessed: false })).toBeUndefined();
  });

  it('answers a megabyte of a name at once', () => {
    expect(() => listed('x'.repeat(1e6), labels)).toThrow(/^.{1,400}$/);
  });
});

describe('nameOfClass', () => {
  it('is the first name of a class, or its number', () => {
    expect([2, 4, 10, 3].map((label) => nameOfClass(label, labels))).toEqual([
      'great white shark',
      '4',
      'no class',
      'crane',
    ]);
    expect(nameOfClass(3, nameless)).toBe('3');
  });
});

describe('takenClasses', () => {
  it('lists the names of few classes', () => {
    expect(takenClasses({ ...labels, names: [['a', 'b'], [], ['c']], count: 3, unconditional: undefined })).toBe(
      'labels are 0 to 2 (a, c)',
    );
    expect(takenClasses(nameless)).toBe('labels are 0 to 9, or 10 for no class');
  });
});
