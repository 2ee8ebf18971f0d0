import { parseBranch, type StepProgram, type Topology } from '@procache/core';
import { GraphBuilder, type OnnxGraph } from '../onnx/graph-builder.ts';
import { Contexts } from './contexts.ts';
import type { GraphModel } from './graph-model.ts';
import { Lane, type ModuleRequest } from './lane.ts';

/**
 * One ONNX graph for some step programs: from latent to model output, stored features in and out.
 *
 * Each program has a lane of its own, with the inputs and outputs that `Lane` tells, named by
 * `inLane`. A run gives one lane its inputs and all others inputs of no images, which cost next to
 * nothing. Lanes meet in the modules: one that several programs evaluate stands in the graph once,
 * and takes the rows of all lanes. So programs that are different, such as computing all and
 * refreshing some tokens, hold their common weights once.
 */
export function stepGraph(model: GraphModel, programs: readonly StepProgram[]): OnnxGraph {
  const g = new GraphBuilder('step');
  const contexts = new Contexts(g, model.text);
  const lanes = programs.map((program, i) => new Lane(g, model, { program, lane: i, text: contexts.ofLane(i) }));
  const writing = lanes.map((lane) => lane.write());
  let pending = writing.map((lane) => lane.next());
  // Every lane comes to its modules block by block, so whoever has come least far goes on first.
  for (;;) {
    const requests = pending.flatMap(({ done, value }) => (done ? [] : [value]));
    if (requests.length === 0) break;
    const { branch } = requests.reduce((a, b) => (isBefore(model.topology, b.branch, a.branch) ? b : a));
    const together = requests.filter((request) => request.branch === branch);
    const results = model.emitter.module(
      g,
      branch,
      together.map(({ call }) => call),
    );
    pending = pending.map((own, lane) => {
      const i = own.done ? -1 : together.indexOf(own.value);
      return i < 0 ? own : writing[lane]!.next(results[i]!);
    });
  }
  for (const lane of lanes) lane.finish();
  return g.build();
}

function isBefore({ blocks }: Topology, a: ModuleRequest['branch'], b: ModuleRequest['branch']): boolean {
  const [one, other] = [parseBranch(a), parseBranch(b)];
  if (one.block !== other.block) return one.block < other.block;
  const modules = blocks[one.block]!;
  return modules.indexOf(one.module) < modules.indexOf(other.module);
}
