import { ProCacheError } from '@procache/core';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { ConfigJson } from '../config/fields.ts';
import { openDecoderModel } from '../decoders/open-decoder.ts';
import { openTextModel } from '../encoders/t5.ts';
import type { Fact } from './describe-model.ts';

/** What a checkpoint is of a pipeline, where it is no transformer. */
export type CheckpointKind = 'autoencoder' | 'text encoder' | 'embeddings' | 'words';

/** The first tensors of each kind, under whatever prefix. */
const SIGNS: readonly (readonly [CheckpointKind, RegExp])[] = [
  ['autoencoder', /(?:^|\.)decoder\.conv_in\.weight$/],
  ['autoencoder', /^(?:(?:decoder|encoder)\.)?(?:layers\.)?\d+\.conv\.0\.weight$/],
  ['text encoder', /(?:^|\.)encoder\.block\.0\.layer\.0\.SelfAttention\.q\.weight$/],
  ['embeddings', /^(?:negative_)?prompt_embeds$/],
  ['words', /^embedding\.weight$/],
];

/** What a checkpoint is by the names of its tensors; undefined where those say nothing. */
export function checkpointKind({ tensors }: Checkpoint): CheckpointKind | undefined {
  const names = [...tensors.keys()];
  return SIGNS.find(([, sign]) => names.some((name) => sign.test(name)))?.[0];
}

/** What there is to know of such a checkpoint by its headers, for people, and whether it can be used. */
export async function describeKind(
  kind: CheckpointKind,
  checkpoint: Checkpoint,
  config: ConfigJson,
): Promise<readonly Fact[]> {
  try {
    return [['is', IS[kind]], ...(await DESCRIBE[kind](checkpoint, config))];
  } catch (cause) {
    if (!(cause instanceof ProCacheError)) throw cause;
    return [
      ['is', IS[kind]],
      ['not supported', cause.message],
    ];
  }
}

const IS: Readonly<Record<CheckpointKind, string>> = {
  autoencoder: 'an autoencoder, whose decoder makes images of latents',
  'text encoder': 'a T5 text encoder, which reads prompts',
  embeddings: 'embeddings of prompts, which take the place of a text encoder',
  words: 'a table of words, which reads prompts by the word',
};

type Describing = (checkpoint: Checkpoint, config: ConfigJson) => Promise<readonly Fact[]>;

const DESCRIBE: Readonly<Record<CheckpointKind, Describing>> = {
  async autoencoder(checkpoint, config) {
    const { kind, flavour, latentChannels, channels, pixels, valueRange, unreadFields } = await openDecoderModel(
      checkpoint,
      config,
    );
    return [
      ['supported', `yes, as ${kind} (${flavour})`],
      ['latent', `${latentChannels} channels${scaledBy(config)}`],
      ['makes', `${pixels}x${pixels} pixels of a cell, ${channels} channels from ${valueRange[0]} to ${valueRange[1]}`],
      ...notFollowed(unreadFields),
    ];
  },
  async 'text encoder'(checkpoint, config) {
    const model = await openTextModel(checkpoint, config);
    const { width, vocabulary, heads, unreadFields } = model;
    return [
      ['supported', 'yes, as t5 (v1.1)'],
      ['blocks', `${model.blockGraphs().length} of ${heads} heads`],
      ['tokens', `${width} wide, ${vocabulary} of them`],
      ...notFollowed(unreadFields),
    ];
  },
  embeddings: ({ tensors }) => {
    const named = ['prompt_embeds', 'negative_prompt_embeds'].flatMap((name) => tensors.get(name) ?? []);
    return Promise.resolve([['holds', named.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ')]]);
  },
  words: ({ tensors }) => {
    const [words = 0, width = 0] = tensors.get('embedding.weight')?.shape ?? [];
    return Promise.resolve([['words', `${words} of ${width} numbers`]]);
  },
};

function scaledBy({ scaling_factor: scaling }: ConfigJson): string {
  return typeof scaling === 'number' ? `, scaled by ${scaling}` : '';
}

function notFollowed(fields: readonly string[]): readonly Fact[] {
  return fields.length === 0 ? [] : [['not followed', fields.join(', ')]];
}
