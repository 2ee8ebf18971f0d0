import { describe, expect, it } from 'vitest';
import { anyConditioning, checkedConditioning, readConditioning } from './conditioning.ts';
import { countingEncoder, knownModel, SMALL_TEXTS } from './testing/small-models.ts';

const classes = knownModel();
const texts = knownModel({ takes: SMALL_TEXTS });

describe('conditionings', () => {
  it('read prompts and what guidance leads away from together, each text once, and when told to', async () => {
    const encoder = countingEncoder();
    const asked = { conditions: ['a cat', 'a dog', 'a cat'], negative: 'a dog', scale: 3 };
    const checked = checkedConditioning(asked, { known: texts, encoder });
    expect(checked).toEqual({ scale: 3, conditions: asked.conditions, away: 'a dog' });
    expect(encoder.asked).toEqual([]);
    const { conditions, guidance } = await readConditioning(checked, { known: texts, encoder });
    expect(encoder.asked).toEqual([['a cat', 'a dog']]);
    expect(conditions[2]).toBe(conditions[0]);
    expect(guidance).toMatchObject({ scale: 3, channels: 1 });
    expect(guidance?.unconditional).toBe(conditions[1]);
  });

  it('lead away from the empty text, or from the class that is none, and without guidance from nothing', () => {
    const encoder = countingEncoder();
    expect(checkedConditioning({ conditions: ['a'], scale: 2 }, { known: texts, encoder }).away).toBe('');
    expect(checkedConditioning({ conditions: [0], scale: 2 }, { known: classes }).away).toBe(3);
    expect(checkedConditioning({ conditions: [0], scale: 1 }, { known: classes }).away).toBeUndefined();
  });

  it('show as much of "nothing" as the text of each image has, where the model does so', async () => {
    const nothing = { values: new Float32Array(6), tokens: 2 };
    const long = { values: new Float32Array(6), tokens: 2 };
    const short = { values: new Float32Array(6), tokens: 1 };
    const takes = { ...SMALL_TEXTS, unconditional: nothing, nothingLength: 'text' } as const;
    const known = knownModel({ takes });
    const guidanceFor = async (negative?: string) => {
      const encoder = countingEncoder();
      const checked = checkedConditioning({ conditions: [long, short], negative, scale: 2 }, { known, encoder });
      return (await readConditioning(checked, { known, encoder })).guidance?.unconditional;
    };
    expect(await guidanceFor()).toEqual([nothing, { ...nothing, tokens: 1 }]);
    expect(await guidanceFor('a dog')).toMatchObject({ text: 'a dog', tokens: 2 });
    const encoder = countingEncoder();
    const ofEncoder = { known: knownModel({ takes: { ...takes, unconditional: undefined } }), encoder };
    const checked = checkedConditioning({ conditions: [short], scale: 2 }, ofEncoder);
    expect((await readConditioning(checked, ofEncoder)).guidance?.unconditional).toMatchObject([
      { text: '', tokens: 1 },
    ]);
  });

  it('name options as they were given', () => {
    const spell = (option: string): string => `--${option}`;
    expect(() => checkedConditioning({ conditions: [7], scale: 1 }, { known: classes, spell })).toThrow(
      '--conditions: ',
    );
    expect(() => checkedConditioning({ negative: 0, scale: 1 }, { known: classes, spell })).toThrow(
      '--negative: without guidance nothing leads away from it; ask for --guidance above 1',
    );
  });

  it('are there to measure with', () => {
    expect(anyConditioning(classes.model, 4, 1)).toEqual({ conditions: [0, 1, 2, 0], guidance: undefined });
    expect(anyConditioning(classes.model, 1, 2).guidance).toEqual({ scale: 2, unconditional: 3, channels: 1 });
    const { conditions, guidance } = anyConditioning(texts.model, 2, 2);
    expect(conditions[0]).toMatchObject({ tokens: 2, values: { length: 6 } });
    expect(conditions[1]).toBe(conditions[0]);
    expect(guidance?.unconditional).toMatchObject({ tokens: 2, values: { length: 6 } });
    expect(guidance?.unconditional).not.toEqual(conditions[0]);
  });
});
