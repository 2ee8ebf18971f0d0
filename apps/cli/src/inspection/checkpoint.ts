import {
  type BrokenParts,
  type HeldCheckpoint,
  inspectPath,
  type ModelReport,
  type PartsBeside,
} from '@procache/backend-node';
import { ProCacheError } from '@procache/core';
import { printable, shownName } from '@procache/core/untrusted';
import {
  type CheckpointContent,
  describeArchitecture,
  describeParts,
  describeSampling,
  type Fact,
  PART_NAMES,
  type PartName,
  type StoredTensor,
  type TransformerModel,
} from '@procache/model';
import { describeTakes } from '@procache/pipeline';
import { bytes, formatTable, large, wrapText } from '@procache/text';
import { zooModel } from '@procache/zoo';
import { readConfigFlags } from '../arguments/model-choice.ts';
import { unreadText } from '../unread-fields.ts';
import { COLUMN, type InspectFlags, type Inspection, listOf } from './inspection.ts';

/** What a checkpoint or a folder holds, whether or not it is a model that can be run. */
export async function inspectCheckpoint(path: string, flags: InspectFlags): Promise<Inspection> {
  const config = await readConfigFlags(flags);
  const report = await inspectPath(zooModel(path)?.folder ?? path, { config, check: flags.check });
  if (report.kind === 'tokenizer') {
    const object = { kind: 'tokenizer', facts: Object.fromEntries(report.facts) };
    return { text: factsText(report.facts), object };
  }
  if (report.kind === 'parts') {
    const facts = report.found.map(({ part, path: at, kind }) => [part, `${at} (${kind})`] as const);
    const is: Fact = ['is', 'a pipeline without its transformer, which others take their parts from'];
    const found = report.found.map(({ part, path: at, kind }) => ({ part, path: at, kind }));
    return { text: factsText([is, ...facts]), object: { kind: 'parts', found } };
  }
  const { taken, tensorList, ...held } = report.held;
  const tensors = flags.tensors ? [tensorTable(tensorList)] : [];
  const told = flags.tensors && { tensorList: tensorList.map(tensorObject) };
  if (report.kind !== 'transformer') {
    const object = { kind: report.kind, ...held, facts: Object.fromEntries(report.facts), ...told };
    return { text: [heldText(held, taken), factsText(report.facts), ...tensors].join('\n\n'), object };
  }
  const object = { kind: 'checkpoint', ...held, model: modelObject(report), ...told };
  return { text: [heldText(held, taken), ...modelText(path, report), ...tensors].join('\n\n'), object };
}

function heldText(held: Omit<HeldCheckpoint, 'taken' | 'tensorList'>, taken: string | undefined): string {
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
function typesText(types: CheckpointContent['types']): string {
  const counts = Object.entries(types).map(([type, count]) => `${count} ${type}`);
  return counts.length > 5 ? `${counts.slice(0, 5).join(', ')}, ...` : counts.join(', ');
}

function checkedText(checkedBytes: number): string {
  if (checkedBytes === 0) return 'nothing, as the file keeps no checksums';
  return `${bytes(checkedBytes)} of weights have the checksums that the file keeps`;
}

function wrapped(text: string): string {
  return wrapText(printable(text), 62).join(`\n${' '.repeat(COLUMN)}`);
}

function factsText(facts: readonly Fact[]): string {
  return listOf(facts.map(([name, text]) => [name, wrapped(text)]));
}

function modelText(path: string, { model, parts, broken }: ModelReport): readonly string[] {
  if (model instanceof ProCacheError)
    return [['not supported', ...wrapText(printable(model.message), 76).map((line) => `  ${line}`)].join('\n')];
  const { takes, unreadFields } = model;
  const beside = parts ? describeParts(parts, broken) : [];
  return [
    listOf([
      ...describeArchitecture(model),
      [takes.kind, wrapped(describeTakes(takes))],
      ...describeSampling(model).map(([name, text]) => [name, wrapped(text)] as const),
      ['not followed', unreadFields.length === 0 ? undefined : wrapped(unreadText(unreadFields))],
    ]),
    ...(beside.length === 0 ? [] : [factsText(beside)]),
    [drawingTitle(model, parts, broken), `  ${drawingCommand(path, model)}`].join('\n'),
  ];
}

/** A model of texts does not draw before something reads them, and latents alone where nothing makes images. */
function drawingTitle({ takes }: TransformerModel, parts: ModelReport['parts'], broken: BrokenParts): string {
  const lacks = (part: PartName): boolean => parts?.missing.some((missing) => missing.part === part) === true;
  const reads = broken.encoder === undefined && !lacks('encoder') && !lacks('tokenizer');
  if (takes.kind === 'texts' && !reads) return 'to draw with it, once there is what reads texts';
  if (broken.decoder !== undefined) return 'to draw with it, once its decoder can be opened';
  return lacks('decoder') ? 'to draw latents with it' : 'to draw with it';
}

/** What draws with a model, with as little said as there may be. */
function drawingCommand(path: string, { takes }: TransformerModel): string {
  const model = /^[\w./-]+$/.test(path) ? path : `'${printable(path).replaceAll("'", String.raw`'\''`)}'`;
  const prompt = zooModel(path)?.recommended.captions?.[0] ?? 'a red fox';
  const words = [
    'procache generate',
    takes.kind === 'texts' ? `--prompt "${prompt}"` : '--labels 0',
    `--model ${model}`,
  ];
  const line = words.join(' ');
  return line.length <= 78 ? line : words.join(' \\\n    ');
}

function modelObject({ model, parts, broken }: ModelReport): object {
  if (model instanceof ProCacheError) return { supported: false, why: model.message };
  const { family, flavour, topology, latent, stream, takes, defaults, parameters, valueRange = null } = model;
  const { unreadFields } = model;
  const shape = { family, flavour, parameters, topology, latent, stream };
  const rest = { takes: takesObject(takes), defaults, valueRange, unreadFields };
  return { supported: true, ...shape, ...rest, ...(parts && { parts: partsObject(parts, broken) }) };
}

/** The numbers of a learned caption are the checkpoint's: that there is one is told. */
function takesObject(takes: TransformerModel['takes']): object {
  return takes.kind === 'classes' ? takes : { ...takes, unconditional: takes.unconditional ? 'learned' : 'empty text' };
}

function partsObject({ layout, missing, passedOver, ...parts }: PartsBeside, broken: BrokenParts): object {
  const there = PART_NAMES.flatMap((part) => {
    const found = parts[part];
    return found ? [[part, { path: found.path, kind: found.kind }] as const] : [];
  });
  const others = passedOver.map(({ found: { part, path }, why }) => ({ part, path, why }));
  const lacking = missing.map(({ part, origin }) => ({ part, ...origin }));
  const unopened = Object.entries(broken).map(([part, { message }]) => ({ part, why: message }));
  return { layout, ...Object.fromEntries(there), missing: lacking, broken: unopened, passedOver: others };
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
