import { ProCacheError } from '@procache/core';
import { writeWhole } from '@procache/files';
import { embeddingsFile } from '@procache/model';
import { unreadTexts } from '@procache/pipeline';
import { counted } from '@procache/text';
import type { Command } from 'commander';
import { addEncoderOptions, type CompanionFlags, openCompanions } from '../arguments/companions.ts';
import { addPromptOptions, askedConditions, type PromptFlags } from '../arguments/conditions.ts';
import { RESULT } from '../arguments/machine.ts';
import { warningText } from '../generation/condition-warnings.ts';
import { checkOutputs } from '../arguments/inputs.ts';
import { addModelOptions, chooseModel, type ModelFlags } from '../arguments/model-choice.ts';
import type { Host } from '../host.ts';
import { addScreenOptions, type ScreenFlags, screenOf } from '../screen.ts';

interface EmbedFlags extends ModelFlags, CompanionFlags, PromptFlags, ScreenFlags {
  readonly out: string;
}

const EXAMPLES = `
Examples:
  procache embed --model PixArt-XL-2-512x512 --prompts my.txt
  procache generate --model PixArt-XL-2-512x512 --embeddings embeddings.safetensors`;

/** `procache embed`: reads prompts once, for machines and runs without a text encoder. */
export function defineEmbed(command: Command, host: Host): void {
  addEncoderOptions(addModelOptions(command.optionsGroup('Model:')));
  addPromptOptions(command.optionsGroup('Texts:'), 'a text that is to be read; may be repeated')
    .optionsGroup('Output:')
    .option('-o, --out <file>', 'where the embeddings go (safetensors)', 'embeddings.safetensors');
  addScreenOptions(command, RESULT)
    .addHelpText('after', EXAMPLES)
    .action((flags: EmbedFlags) => embed(flags, host));
}

async function embed(flags: EmbedFlags, host: Host): Promise<void> {
  const screen = screenOf(host, flags);
  const chosen = await chooseModel(flags);
  const { name } = chosen;
  const { takes } = chosen.model;
  const wrong = (problem: string): ProCacheError => new ProCacheError('invalid-input', problem);
  if (takes.kind !== 'texts')
    throw wrong(`--model: ${name} draws classes, which nobody has to read; name a model that draws texts`);
  const prompts = (await askedConditions(flags, chosen)) as readonly string[] | undefined;
  if (prompts === undefined) throw wrong('--prompt: there is none; give the texts that are to be read, or --prompts');
  const { out, negativePrompt } = flags;
  await checkOutputs({ '--out': out }, chosen, flags);
  const companions = await openCompanions(flags, chosen);
  const { encoder, lacking } = companions;
  try {
    if (encoder === undefined) throw wrong(`--text-encoder: ${name} draws from texts, and ${lacking.encoder ?? ''}`);
    const away = negativePrompt ?? (takes.unconditional === undefined ? '' : undefined);
    const texts = [...new Set(prompts)];
    const negatives = away === undefined ? [] : [away];
    for (const warning of unreadTexts([...texts, ...negatives], encoder)) screen.note(warningText(warning));
    const read = await encoder.encode([...texts, ...negatives]);
    const tokens = { tokens: takes.tokens };
    await writeWhole(out, embeddingsFile(read.slice(0, texts.length), read.slice(texts.length), tokens));
    screen.say(`${counted(texts.length, 'text')} of up to ${takes.tokens} tokens of ${takes.width} numbers\n${out}`);
    screen.report({ file: out, prompts: texts, negatives, ...tokens, width: takes.width });
  } finally {
    await companions.close();
  }
}
