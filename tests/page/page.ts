// A page that draws, compares, searches and reports, as somebody would write it for a bundler.
import { compare } from '@procache/compare';
import { byName, diffusionSteps, identityDecoder, planOf } from '@procache/core';
import { referenceTransformer } from '@procache/core/reference';
import { bytesSource, modelOfShape, openCheckpoint, writeSafetensors } from '@procache/model';
import { encodePng, picturesOf, readPngText } from '@procache/pictures';
import { defaultsOf } from '@procache/pipeline';
import { patternStrip, reportPage } from '@procache/report';
import { PatternSpace } from '@procache/search';

// What wants a runtime of the page, which a test has none of: it is in the bundle nevertheless.
export { featureNetwork, pixelMeasure } from '@procache/objectives';
export { ortTransformer } from '@procache/ort';

/** What the page has found, in plain data. */
export interface Seen {
  /** Of the cached run. */
  readonly latentError: number;
  readonly pictureText: string | undefined;
  /** The steps that are usual for DiT-XL/2, and the blocks that it has. */
  readonly usual: readonly [steps: number, blocks: number];
  readonly tensors: readonly string[];
  readonly schedules: string;
  readonly report: string;
}

/** Uses all of it, with a clock of its own. */
export async function look(now: () => number): Promise<Seen> {
  const topology = { blocks: [['attn', 'mlp']], grid: [4, 4] } as const;
  const reference = referenceTransformer({ topology, channels: 1 });
  const contestants = ['uncached', 'fora-2'].map((name) => ({
    name,
    plan: planOf(byName(name, topology, 6), topology),
    steps: diffusionSteps(6),
    conditions: [0, 1],
  }));
  const format = { channels: 1, height: 4, width: 4, valueRange: [-1, 1] } as const;
  const { results } = await compare(reference, contestants, { now, rounds: 1, decoder: identityDecoder(format) });
  const { closeness, last } = results[1]!;
  const [picture] = picturesOf(last.latents, [2, 1, 4, 4]);
  const { procache } = readPngText(encodePng(picture!, { procache: 'drawn in a page, 猫' }));
  const name = 'dit-xl/2';
  const model = await modelOfShape(name);
  const tensor = { shape: [2], data: Float32Array.of(1, 2) };
  const { tensors } = await openCheckpoint(
    bytesSource('weights', writeSafetensors(new Map([['w', tensor]]), new Map())),
  );
  const strip = patternStrip({ name: 'fora-2', schedule: byName('fora-2', topology, 6) });
  return {
    latentError: closeness.latentError,
    pictureText: procache,
    usual: [defaultsOf({ name, model }).steps, model.topology.blocks.length],
    tensors: [...tensors.keys()],
    schedules: String(new PatternSpace({ steps: 20, budget: 6, reuse: [0, 8], gaps: 'any' }, undefined).size),
    report: reportPage({ title: 'A page', subtitle: '', sections: [{ title: 'Steps', words: [], content: [strip] }] }),
  };
}
