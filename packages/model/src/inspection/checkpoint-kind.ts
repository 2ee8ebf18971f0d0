import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { ConfigJson } from '../config/fields.ts';
import type { Fact } from './describe-model.ts';

/** What a checkpoint is of a pipeline, where it is no transformer. */
export type CheckpointKind = 'autoencoder' | 'tiny autoencoder' | 'text encoder' | 'embeddings' | 'words';

/** The first tensors of each kind, under whatever prefix. */
const SIGNS: readonly (readonly [CheckpointKind, RegExp])[] = [
  ['autoencoder', /(?:^|\.)decoder\.conv_in\.weight$/],
  ['tiny autoencoder', /^(?:(?:decoder|encoder)\.)?(?:layers\.)?\d+\.conv\.0\.weight$/],
  ['text encoder', /(?:^|\.)encoder\.block\.0\.layer\.0\.SelfAttention\.q\.weight$/],
  ['embeddings', /^(?:(?:negative_)?prompt_embeds|embeddings?(?:\.\d+)?)$/],
  ['words', /^embedding\.weight$/],
];

/** What a checkpoint is by the names of its tensors; undefined where those say nothing. */
export function checkpointKind({ tensors }: Checkpoint): CheckpointKind | undefined {
  const names = [...tensors.keys()];
  return SIGNS.find(([, sign]) => names.some((name) => sign.test(name)))?.[0];
}

/** What there is to know of such a checkpoint by its headers, for people. */
export function describeKind(kind: CheckpointKind, checkpoint: Checkpoint, config: ConfigJson): readonly Fact[] {
  const facts: readonly Fact[] = [['is', IS[kind]], ...DESCRIBE[kind](new Shapes(checkpoint), config)];
  return facts;
}

const IS: Readonly<Record<CheckpointKind, string>> = {
  autoencoder: 'an autoencoder, whose decoder makes images of latents',
  'tiny autoencoder': 'a tiny autoencoder, which makes images of latents for previews',
  'text encoder': 'a T5 text encoder, which reads prompts',
  embeddings: 'embeddings of prompts, which take the place of a text encoder',
  words: 'a table of words, which reads prompts by the word',
};

/** The shapes of a checkpoint's tensors, found by the ends of their names. */
class Shapes {
  readonly #tensors: Checkpoint['tensors'];

  constructor({ tensors }: Checkpoint) {
    this.#tensors = tensors;
  }

  /** An extent of the first tensor of such a name. */
  extent(name: RegExp, axis: number): number | undefined {
    return [...this.#tensors.values()].find((tensor) => name.test(tensor.name))?.shape[axis];
  }

  /** How many different numbers stand where the name has them. */
  count(name: RegExp): number {
    const numbers = [...this.#tensors.keys()].flatMap((each) => name.exec(each)?.[1] ?? []);
    return new Set(numbers).size;
  }

  get names(): readonly string[] {
    return [...this.#tensors.keys()];
  }
}

const DESCRIBE: Readonly<Record<CheckpointKind, (shapes: Shapes, config: ConfigJson) => readonly Fact[]>> = {
  autoencoder: (shapes, { scaling_factor: scaling }) => [
    ['names', shapes.names.some((name) => /(?:^|\.)decoder\.up\.\d/.test(name)) ? 'of CompVis' : 'of diffusers'],
    [
      'latent',
      `${shapes.extent(/(?:^|\.)decoder\.conv_in\.weight$/, 1) ?? 0} channels, scaled by ${scaledBy(scaling)}`,
    ],
    ['widest', `${shapes.extent(/(?:^|\.)decoder\.conv_in\.weight$/, 0) ?? 0} channels`],
  ],
  'tiny autoencoder': (shapes) => [
    ['names', shapes.names.some((name) => name.includes('layers.')) ? 'of diffusers' : 'of taesd'],
  ],
  'text encoder': (shapes) => [
    ['blocks', String(shapes.count(/encoder\.block\.(\d+)\.layer\.0\.SelfAttention\.q\.weight$/))],
    ['width', `${shapes.extent(/block\.0\.layer\.0\.SelfAttention\.q\.weight$/, 1) ?? 0} numbers for each token`],
    ['vocabulary', `${shapes.extent(/(?:shared|embed_tokens)\.weight$/, 0) ?? 0} pieces`],
  ],
  embeddings: (shapes) => shapes.names.slice(0, MOST_LISTED).map((name) => ['holds', name] as const),
  words: (shapes) => [
    ['words', String(shapes.extent(/^embedding\.weight$/, 0) ?? 0)],
    ['width', `${shapes.extent(/^embedding\.weight$/, 1) ?? 0} numbers for each word`],
  ],
};

const MOST_LISTED = 6;

/** Without a word in its config, Stable Diffusion's. */
function scaledBy(scaling: unknown): string {
  return typeof scaling === 'number' ? String(scaling) : '0.18215, as its config does not say otherwise';
}
