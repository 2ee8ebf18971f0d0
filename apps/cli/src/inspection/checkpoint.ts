import { basename, resolve } from 'node:path';
import { openCheckpointFiles } from '@procache/backend-node';
import { type Clip, type ForwardProcess, ProCacheError, samplersOf } from '@procache/core';
import { printable, shownName } from '@procache/core/untrusted';
import { fingerprintOf } from '@procache/files';
import {
  type Checkpoint,
  checkRecords,
  type ModelConfig,
  openModel,
  sourcesOf,
  type SamplingDefaults,
  type StoredTensor,
  type TransformerModel,
  weightsTaken,
} from '@procache/model';
import { describeTakes } from '@procache/pipeline';
import { wrapText } from '@procache/pictures/wrap';
import { zooModel } from '@procache/zoo';
import { readConfigFlags } from '../arguments/model-choice.ts';
import { unreadText } from '../unread-fields.ts';
import { formatTable } from '../terminal/text-table.ts';
import { bytes, large } from '../units.ts';
import { COLUMN, type InspectFlags, type Inspection, listOf } from './inspection.ts';

/** What a checkpoint holds, whether or not it is a model that can be run. */
export async function inspectCheckpoint(path: string, flags: InspectFlags): Promise<Inspection> {
  const opened = await openCheckpointFiles(zooModel(path)?.folder ?? path);
  try {
    const { checkpoint, config } = opened;
    const model = await modelIn(checkpoint, config.with(await readConfigFlags(flags)));
    const checked = flags.check ? await checkRecords(checkpoint) : undefined;
    const held = {
      file: basename(resolve(opened.path)),
      fingerprint: await fingerprintOf(sourcesOf(checkpoint)),
      ...contentOf(checkpoint),
      ...(checked !== undefined && { checkedBytes: checked }),
    };
    const tensors = [...checkpoint.tensors.values()];
    const parts = [
      checkpointText(held, weightsTaken(checkpoint)),
      modelText(model),
      ...(flags.tensors ? [tensorTable(tensors)] : []),
    ];
    const object = {
      kind: 'checkpoint',
      ...held,
      model: modelObject(model),
      ...(flags.tensors && { tensorList: tensors.map(tensorObject) }),
    };
    return { text: parts.join('\n\n'), object };
  } finally {
    await opened.close();
  }
}

/** The model, or why there is none. */
async function modelIn(checkpoint: Checkpoint, config: ModelConfig): Promise<TransformerModel | ProCacheError> {
  try {
    return await openModel(checkpoint, config);
  } catch (cause) {
    if (cause instanceof ProCacheError) return cause;
    throw cause;
  }
}

interface Content {
  readonly format: string;
  readonly tensors: number;
  /** How many tensors there are of each number format. */
  readonly types: Readonly<Record<string, number>>;
  /** Numbers in all tensors. */
  readonly parameters: number;
  /** Sizes of the files that the tensors lie in. */
  readonly bytes: number;
  readonly metadata: Readonly<Record<string, string>>;
}

function contentOf({ format, tensors, metadata }: Checkpoint): Content {
  const types: Record<string, number> = {};
  for (const { type } of tensors.values()) types[type] = (types[type] ?? 0) + 1;
  const sources = new Set([...tensors.values()].map(({ source }) => source));
  return {
    format,
    tensors: tensors.size,
    types,
    parameters: [...tensors.values()].reduce(
      (sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1),
      0,
    ),
    bytes: [...sources].reduce((sum, { size }) => sum + size, 0),
    metadata: Object.fromEntries(metadata),
  };
}

interface Held extends Content {
  readonly file: string;
  readonly fingerprint: string;
  /** Of weights that have the checksums which their file keeps of them; where that was asked. */
  readonly checkedBytes?: number;
}

function checkpointText(held: Held, taken: string | undefined): string {
  const others = Object.entries(held.metadata)
    .filter(([key]) => !key.startsWith('procache.'))
    .map(([key, value]) => `${key}=${value}`);
  return listOf([
    ['file', `${held.file}, ${held.format}, ${bytes(held.bytes)}`],
    ['tensors', `${held.tensors} (${typesText(held.types)})`],
    ['parameters', large(held.parameters)],
    ['taken', taken === undefined ? undefined : wrapped(taken)],
    ['metadata', others.length === 0 ? undefined : wrapped(shownName(others.join(', '), 300))],
    ['fingerprint', held.fingerprint],
    ['checked', held.checkedBytes === undefined ? undefined : checkedText(held.checkedBytes)],
  ]);
}

/** `200 F32, 92 F16`, and no more than a line. */
function typesText(types: Content['types']): string {
  const counts = Object.entries(types).map(([type, count]) => `${count} ${type}`);
  return counts.length > 5 ? `${counts.slice(0, 5).join(', ')}, ...` : counts.join(', ');
}

function checkedText(checkedBytes: number): string {
  if (checkedBytes === 0) return 'nothing, as the file keeps no checksums';
  return `${bytes(checkedBytes)} of weights have the checksums that the file keeps`;
}

function wrapped(text: string): string {
  return wrapText(printable(text), 62, (line) => line.length).join(`\n${' '.repeat(COLUMN)}`);
}

function modelText(model: TransformerModel | ProCacheError): string {
  if (model instanceof ProCacheError)
    return [
      'not supported',
      ...wrapText(printable(model.message), 76, (line) => line.length).map((line) => `  ${line}`),
    ].join('\n');
  const { takes, latent, defaults, topology, stream, valueRange, unreadFields } = model;
  return listOf([
    ['supported', `yes, as ${model.family} (${model.flavour})`],
    ['blocks', `${topology.blocks.length} of ${topology.blocks[0]!.join(', ')}`],
    ['tokens', `${topology.grid[0]}x${topology.grid[1]}, ${stream.width} wide`],
    ['latent', `${latent.channels} x ${latent.height} x ${latent.width}, ${latent.outChannels} channels out`],
    [
      'draws',
      valueRange ? `pixels from ${valueRange[0]} to ${valueRange[1]}` : 'latents, which take an autoencoder to decode',
    ],
    [takes.kind, wrapped(describeTakes(takes))],
    ['trained', wrapped(trainedText(defaults))],
    ['sampled', wrapped(sampledText(defaults))],
    ['guidance', `acts on ${defaults.guidanceChannels} of ${latent.outChannels} channels`],
    ['not followed', unreadFields.length === 0 ? undefined : wrapped(unreadText(unreadFields))],
  ]);
}

function trainedText({ path, prediction = 'epsilon', trainTimesteps, ...betas }: SamplingDefaults): string {
  const what = prediction === 'sample' ? 'clean image' : prediction;
  const predicts = prediction === 'epsilon' ? '' : `, to predict the ${what}`;
  if (path === 'sit') return `on a straight path, at times from 0 (noise) to 1 (image)${predicts}`;
  if (path === 'flow') return `on a straight path, at times from ${trainTimesteps} (noise) to 0 (image)${predicts}`;
  return `${trainTimesteps} timesteps, ${betasText(betas)}${predicts}`;
}

function betasText({ trainedBetas, betaSchedule, betaStart, betaEnd, zeroTerminalSnr }: ForwardProcess): string {
  const range = betaSchedule === 'squaredcos_cap_v2' ? '' : ` from ${betaStart} to ${betaEnd}`;
  const betas = trainedBetas ? 'betas of its own' : `betas ${betaSchedule}${range}`;
  return `${betas}${zeroTerminalSnr ? ', rescaled to end without signal' : ''}`;
}

function sampledText(defaults: SamplingDefaults): string {
  const { path, rule, stepsOffset, setAlphaToOne, shift, clip, variance } = defaults;
  const { sampler = samplersOf(path)[0] } = defaults;
  const parts = [
    `${sampler}, timesteps ${rule}`,
    stepsOffset ? `offset ${stepsOffset}` : '',
    setAlphaToOne === false ? 'ending at the noise of timestep 0' : '',
    shift !== undefined && shift !== 1 ? `shifted by ${shift}` : '',
    clip ? clipText(clip) : '',
    variance ? `variance ${variance}` : '',
  ];
  return `${parts.filter((part) => part !== '').join(', ')}, unless told otherwise`;
}

function clipText(clip: Clip): string {
  if ('range' in clip) return `clean image clamped to ${clip.range}`;
  return `clean image thresholded at the quantile ${clip.quantile}, at most ${clip.most}`;
}

function modelObject(model: TransformerModel | ProCacheError): object {
  if (model instanceof ProCacheError) return { supported: false, why: model.message };
  const { family, flavour, topology, latent, stream, takes, defaults, parameters, valueRange, unreadFields } = model;
  return {
    supported: true,
    family,
    flavour,
    parameters,
    topology,
    latent,
    stream,
    takes,
    defaults,
    valueRange: valueRange ?? null,
    unreadFields,
  };
}

function tensorTable(tensors: readonly StoredTensor[]): string {
  const rows = tensors.map(({ name, type, shape }) => [shownName(name), type, shapeText(shape)]);
  return formatTable(['tensor', 'type', 'shape'], rows).trimEnd();
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.slice(0, 8).join(', ')}${shape.length > 8 ? ', ...' : ''}]`;
}

function tensorObject({ name, type, shape }: StoredTensor): object {
  return { name, type, shape };
}
