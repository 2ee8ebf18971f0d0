import { type Clip, type ForwardProcess, samplersOf, type SolverSettings } from '@procache/core';
import type { SamplingDefaults, TransformerModel } from '../model.ts';

/** Something about a model, and what it is, for people: `['tokens', '16x16, 1152 wide']`. */
export type Fact = readonly [name: string, text: string];

/** What a model is made of and draws: blocks, tokens, latent, pixels or latents. */
export function describeArchitecture({
  family,
  flavour,
  topology,
  stream,
  ...model
}: TransformerModel): readonly Fact[] {
  const { latent, valueRange } = model;
  const draws = valueRange && `pixels from ${valueRange[0]} to ${valueRange[1]}`;
  return [
    ['supported', `yes, as ${family} (${flavour})`],
    ['blocks', `${topology.blocks.length} of ${topology.blocks[0]!.join(', ')}`],
    ['tokens', `${topology.grid[0]}x${topology.grid[1]}, ${stream.width} wide`],
    ['latent', `${latent.channels} x ${latent.height} x ${latent.width}, ${latent.outChannels} channels out`],
    ['draws', draws ?? 'latents, which take an autoencoder to decode'],
  ];
}

/** How a model was trained, and how it is sampled where nobody says otherwise. */
export function describeSampling({ defaults, latent }: TransformerModel): readonly Fact[] {
  return [
    ['trained', trainedText(defaults)],
    ['sampled', sampledText(defaults)],
    ['guidance', `acts on ${defaults.guidanceChannels} of ${latent.outChannels} channels`],
  ];
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
  const { path, rule, steps, stepsOffset, setAlphaToOne, shift, clip, variance, solver } = defaults;
  const { sampler = samplersOf(path)[0] } = defaults;
  const parts = [
    `${steps === undefined ? '' : `${steps} steps of `}${sampler}, timesteps ${rule}`,
    ...(solver ? solverTexts(solver) : []),
    stepsOffset ? `offset ${stepsOffset}` : '',
    setAlphaToOne === false ? 'ending at the noise of timestep 0' : '',
    shift !== undefined && shift !== 1 ? `shifted by ${shift}` : '',
    clip ? clipText(clip) : '',
    variance ? `variance ${variance}` : '',
  ];
  return `${parts.filter((part) => part !== '').join(', ')}, unless told otherwise`;
}

/** What a solver's settings change; nothing of those that are as usual. */
function solverTexts({ order = 2, kind, lowerOrderFinal = true, ...solver }: SolverSettings): readonly string[] {
  return [
    order === 2 ? '' : `order ${order}`,
    kind ?? '',
    lowerOrderFinal ? '' : 'of full order to the end',
    solver.karras ? 'levels of Karras' : '',
    solver.end === 'least' ? 'ending at the least noise' : '',
  ];
}

function clipText(clip: Clip): string {
  if ('range' in clip) return `clean image clamped to ${clip.range}`;
  return `clean image thresholded at the quantile ${clip.quantile}, at most ${clip.most}`;
}
