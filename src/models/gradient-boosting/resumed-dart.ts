import type { Engine } from '../../engine/engine.js';
import { BINS, MISSING_BIN } from '../../kernels/tree-building.js';
import type { EnsembleOperation, Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { FeatureBins } from '../binning/index.js';
import { runProgramOn } from '../execute.js';
import { type FittedTrees, type Predict, rawPredictions } from './continuation.js';
import { type DartParameters, type DroppableTree, replayRounds } from './dart.js';
import { firstTrees } from './ensembles.js';

/** Numbers of trees and rows that are in memory at once. */
const MOST_VALUES = 2 ** 21;
const LEAST_ROWS = 256;

/** Some rounds at the end of an ensemble as binned rows go down their trees: round by round, output by output. */
export function droppableTrees(
  { operation, rounds: all }: FittedTrees,
  rounds: number,
  bins: readonly FeatureBins[],
): DroppableTree[][] {
  const outputs = operation.outputs.length;
  const from = all - rounds;
  return Array.from({ length: rounds }, (_, round) =>
    Array.from({ length: outputs }, (_, output) =>
      raisedTree(operation, operation.roots[(from + round) * outputs + output]!, bins),
    ),
  );
}

/** What lower.ts writes, as bins again. */
function raisedTree(operation: EnsembleOperation, root: number, bins: readonly FeatureBins[]): DroppableTree {
  type Raised = { -readonly [Part in keyof DroppableTree]: DroppableTree[Part] };
  const tree: Raised = { value: 0 };
  // With a stack of its own: trees without a limit on depth are as deep as they have leaves.
  const visit: { node: number; to: Raised }[] = [{ node: root, to: tree }];
  while (visit.length > 0) {
    const { node, to } = visit.pop()!;
    if (operation.feature[node]! < 0) {
      to.value = operation.leafValues[operation.left[node]!]!;
      continue;
    }
    to.split = splitOf(operation, node, bins[operation.feature[node]!]!);
    const [left, right]: [Raised, Raised] = [{ value: 0 }, { value: 0 }];
    Object.assign(to, { left, right });
    visit.push({ node: operation.left[node]!, to: left }, { node: operation.right[node]!, to: right });
  }
  return tree;
}

function splitOf(operation: EnsembleOperation, node: number, bins: FeatureBins): NonNullable<DroppableTree['split']> {
  const feature = operation.feature[node]!;
  const missingLeft = operation.missingGoesLeft[node] === 1;
  if (!bins.categorical) {
    const bin = bins.edges.indexOf(operation.threshold[node]!);
    return { feature, bin: bin < 0 ? bins.edges.length : bin, missingLeft };
  }
  const set = new Uint8Array(BINS);
  const offset = operation.categoryOffset[node]!;
  bins.binOfCode!.forEach((bin, code) => {
    if (!Number.isNaN(bin)) set[bin] = (operation.categories[offset + (code >>> 5)]! >>> (code & 31)) & 1;
  });
  set[MISSING_BIN] = missingLeft ? 1 : 0;
  return { feature, bin: -1, missingLeft, set };
}

/**
 * The raw predictions of boosted trees of which the last rounds were grown by DART and are not weighted yet: what was taken
 * out and put back on the way is done again, row by row.
 */
export function replayedPredictions(
  engine: Engine,
  fitted: FittedTrees,
  rounds: number,
  parameters: DartParameters,
  signal?: AbortSignal,
): Predict {
  const { operation, program: whole } = fitted;
  const outputs = operation.outputs.length;
  const before = fitted.rounds - rounds;
  const first = { ...operation, ...firstTrees(operation, before * outputs) };
  // Each tree is an output of its own.
  const trees = operation.roots.subarray(before * outputs);
  const registers = Array.from(trees, (_, tree) => whole.registerCount + tree);
  const single = { ...operation, outputs: registers, roots: trees, base: new Float64Array(trees.length) };
  const program: Program = {
    ...whole,
    operations: [single],
    outputs: registers.map((register) => ({ name: `tree_${register}`, register, type: 'number' })),
    registerCount: whole.registerCount + trees.length,
  };
  const blockRows = Math.max(LEAST_ROWS, Math.floor(MOST_VALUES / trees.length));
  return async (columns: readonly RegisterColumn[]) => {
    const rowCount = columns[0]!.values.length;
    const raw = await rawPredictions(engine, { ...fitted, operation: first }, columns, signal);
    for (let start = 0; start < rowCount; start += blockRows) {
      const end = Math.min(rowCount, start + blockRows);
      const some = columns.map(({ values }) => values.subarray(start, end));
      const values = await runProgramOn(engine, program, some, end - start, signal);
      raw.forEach((own, output) => {
        const ofOutput = values.filter((_, tree) => tree % outputs === output);
        replayRounds(own.subarray(start, end), ofOutput, before, parameters);
      });
    }
    return raw;
  };
}
