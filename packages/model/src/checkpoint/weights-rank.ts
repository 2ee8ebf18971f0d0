import { quoted } from './refusal.ts';

/** Where weights were found: the keys that lead to their dictionary, and what their names begin with. */
export interface WeightsPlace {
  readonly path: string;
  readonly prefix: string;
}

/** Where weights stand in a file, for messages: `names after 'model.' in 'state_dict'`. */
export function placeInWords(path: string, prefix: string): string {
  const key = path === '' ? '' : quoted(path);
  if (prefix === '') return key || 'the top level';
  return `names after ${quoted(prefix)}${key === '' ? '' : ` in ${key}`}`;
}

/** The keys of averages, as training scripts write them, the preferred first. */
const averageKeys = ['ema', 'ema_state_dict', 'state_dict_ema', 'model_ema', 'ema_model', 'params_ema', 'net_ema'];
/** The keys of weights that were not averaged, likewise. */
const plainKeys = [
  ...['state_dict', 'model_state_dict', 'model_state', 'model', 'module', 'net', 'network', 'dit', 'denoiser'],
  ...['transformer', 'diffusion_model', 'params', 'weights', 'student', 'generator', 'online_model'],
];
const unknownRank = plainKeys.length;
/** Beside models that are drawn from there are models that help to train them, and copies that are out of date. */
const helperRank = unknownRank + 1;

const averageWord = new RegExp(
  [
    wholeWord('emas?', 'swa', 'avg', 'averaged?', 'averager', 'polyak', 'shadow'),
    '(?<=net|model|dict|params|weights)ema(?![a-z])', // modelema
    '(?<![a-z])ema(?=net|model|state|params|weights)', // emamodel
  ].join('|'),
);
const onlineWord = new RegExp(wholeWord('online', 'raw', 'current'));
const helperWord = new RegExp(
  wholeWord(
    ...['teacher', 'critic', 'disc', 'discriminator', 'fake', 'target', 'frozen', 'ref', 'reference'],
    ...['old', 'prev', 'previous', 'current', 'backup', 'init', 'initial', 'control', 'controlnet'],
  ),
);

/** The source of a pattern that finds any of some words where no letter stands beside it. */
function wholeWord(...words: readonly string[]): string {
  return `(?<![a-z])(?:${words.join('|')})(?![a-z])`;
}

/** Whether weights are the average of others over the training, by what their place is called. */
export function isAverage({ path, prefix }: WeightsPlace): boolean {
  const place = wordsOf(`${path}.${prefix}`);
  return averageWord.test(place) && !onlineWord.test(wordsOf(prefix)) && !isOnline(innermost(path));
}

/** Whether a key is that of the weights beside their average, as `online_model` in an `ema`. */
function isOnline(key: string): boolean {
  return onlineWord.test(wordsOf(key)) && !isAverageKey(key);
}

function innermost(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** Whether a key is that of an average. */
export function isAverageKey(key: string): boolean {
  return averageWord.test(wordsOf(key));
}

/** Whether a key is that of an average, or of a model that helps to train another. */
export function isAnotherKey(key: string): boolean {
  return isAverageKey(key) || helperWord.test(wordsOf(key));
}

/**
 * How likely weights are the ones to draw with, judging by what their place is called: the lowest is the best.
 *
 * A model that is not under any key was saved alone, which is best; tensors that are not known to be a model are rather
 * under a key that is.
 */
export function rankOf(place: WeightsPlace, isModel: boolean): number {
  const keys = isAverage(place) ? averageKeys : plainKeys;
  const ofPath = rankOfPart(place.path, keys, isModel ? -1 : unknownRank - 0.5);
  const ofKey = rankOfPart(innermost(place.path), keys, -1); // of `ema.model` and `ema.ema_model` the second
  return (ofPath * (helperRank + 2) + ofKey) * (helperRank + 2) + rankOfPart(place.prefix, keys, -1);
}

function rankOfPart(part: string, keys: readonly string[], none: number): number {
  if (part === '') return none;
  if (helperWord.test(wordsOf(part))) return helperRank;
  const ranks = part
    .split('.')
    .map((key) => keys.indexOf(key))
    .filter((rank) => rank >= 0);
  return ranks.length > 0 ? Math.min(...ranks) : unknownRank;
}

/** Lower case, with `modelEma` and `EMACallback` in two words each; the first letters are enough of hostile keys. */
function wordsOf(place: string): string {
  return place
    .slice(0, mostLetters)
    .replace(/[a-z](?=[A-Z])|[A-Z](?=[A-Z][a-z])/g, '$&_')
    .toLowerCase();
}

const mostLetters = 400;
