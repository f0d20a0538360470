import { LanewiseError } from '../../errors.js';
import type { Dtype } from '../../kernels/contract.js';
import { coalitionWeights } from '../../kernels/tree-background.js';
import { TREE_STRIDE, type TreePaths, treePaths } from '../../kernels/tree-paths.js';
import type { EnsembleOperation } from '../../scoring/program.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';

/** Rows whose inputs and results lie in the memory at once, at most. */
const BLOCK_ROWS = 8_192;
/** Numbers of results at once, at most. */
const BLOCK_NUMBERS = 1 << 23;
/** Node·points·rows of one task: some milliseconds, so that the event loop has its turn. */
const TASK_WORK = 1 << 22;
/** Rows of one task: enough for the preparation of a tree to cost little. */
const TASK_ROWS = 512;
/** The kernels work on so many rows side by side. */
const LANES = 8;
/** Inputs on one path, beyond which the table of coalitions is refused. */
const MOST_INPUTS = 1_000;

/** Shapley values of rows: `values[(output · inputs + input) · rows + row]`. */
export interface EnsembleShap {
  readonly values: Float64Array;
  /** By output: what is given before any input is known; expected + Σ values = the ensemble's output. */
  readonly expected: Float64Array;
  /** By output, by pair i > j at i(i − 1)/2 + j, by row: half of the pair's interaction, which (i, j) and (j, i) share. */
  readonly interactions?: Float64Array;
}

export interface BackgroundRows {
  /** By input of the ensemble. */
  readonly columns: readonly Float64Array[];
  /** Sum to 1. */
  readonly weights: Float64Array;
}

export interface EnsembleShapOptions {
  readonly interactions?: boolean;
  readonly signal?: AbortSignal;
  readonly onRows?: (done: number) => void;
}

/**
 * Path-dependent Shapley values of an ensemble's inputs, on every thread. `columns` holds one column an input of the
 * operation. The bits do not depend on backend, threads or how rows are cut.
 * @throws LanewiseError `artefact` where the operation has no cover.
 */
export async function explainEnsembleOn(
  engine: Engine,
  operation: EnsembleOperation,
  columns: readonly Float64Array[],
  rowCount: number,
  options: EnsembleShapOptions = {},
): Promise<EnsembleShap> {
  const { cover } = operation;
  if (!cover) {
    throw new LanewiseError(
      'artefact',
      'Expected trees that carry their cover (training rows by node) but they do not',
      {
        hint: 'The model was saved before covers were kept, or imported without them: give a background table, or train again.',
      },
    );
  }
  const paths = treePaths(operation, operation.outputs.length, { cover, pairs: options.interactions ?? false });
  const run = new ShapRun(engine, operation, paths);
  const values = await run.explain(columns, rowCount, options, valuesTask);
  const interactions = options.interactions
    ? await run.explain(columns, rowCount, options, interactionsTask)
    : undefined;
  return { values, expected: run.finishExpected(paths.expected), ...(interactions && { interactions }) };
}

/**
 * Interventional Shapley values: what each input does when it changes from a background row's value to the explained row's,
 * averaged over the background. Needs no cover.
 */
export async function explainEnsembleAgainst(
  engine: Engine,
  operation: EnsembleOperation,
  columns: readonly Float64Array[],
  rowCount: number,
  background: BackgroundRows,
  options: Omit<EnsembleShapOptions, 'interactions'> = {},
): Promise<Float64Array> {
  const paths = treePaths(operation, operation.outputs.length);
  if (paths.mostInputs > MOST_INPUTS) {
    throw new LanewiseError(
      'unsupported',
      `Trees whose paths look at ${paths.mostInputs} inputs are too deep to compare`,
      {
        hint: 'Leave the background out: the path-dependent explanation has no such limit.',
      },
    );
  }
  const run = new ShapRun(engine, operation, paths);
  return run.explain(columns, rowCount, options, backgroundTask(background, paths));
}

/** How one kernel is called: what it needs besides the trees, how much a row gives, and a call's numbers. */
interface ShapTask {
  readonly kernel: Task['kernel'];
  readonly width: (inputs: number) => number;
  /** Work of a row in units of node·points, for so many nodes. */
  readonly work: (paths: TreePaths, nodes: number) => number;
  readonly place: (scope: Scope, paths: TreePaths) => readonly number[];
  readonly values: (part: TaskPart) => number[];
}

interface TaskPart {
  readonly operation: EnsembleOperation;
  readonly paths: TreePaths;
  /** Offsets, by name, of what every kernel reads. */
  readonly at: Readonly<Record<string, number>>;
  readonly extra: readonly number[];
  readonly result: number;
  readonly scratch: number;
  readonly rows: number;
  readonly firstRow: number;
  readonly endRow: number;
  readonly firstTree: number;
  readonly endTree: number;
  readonly endNode: number;
}

const treeOffsets = ({ at }: TaskPart) => [
  ...[at['inputs']!, at['trees']!, at['feature']!, at['threshold']!, at['missingGoesLeft']!, at['categoryOffset']!],
  ...[
    at['categoryWords']!,
    at['categories']!,
    at['edges']!,
    at['share']!,
    at['ratio']!,
    at['leaf']!,
    at['leafValues']!,
  ],
  at['quadrature']!,
];

const treeCounts = ({ operation, paths, firstTree, endTree, endNode, rows, firstRow, endRow }: TaskPart) => {
  const { inputs, outputs, categories, leafValues, leafWidth } = operation;
  return [
    ...[inputs.length, endTree - firstTree, endNode, categories.length, leafValues.length / leafWidth, leafWidth],
    ...[outputs.length, paths.quadrature.length, paths.mostNodes, paths.mostDepth, paths.mostPoints],
    ...[rows, firstRow, endRow],
  ];
};

const valuesTask: ShapTask = {
  kernel: 'shap_values_f64',
  width: (inputs) => inputs,
  work: ({ mostPoints }, nodes) => nodes * mostPoints,
  place: () => [],
  values: (part) => [...treeOffsets(part), part.result, part.scratch, ...treeCounts(part)],
};

const interactionsTask: ShapTask = {
  kernel: 'shap_interactions_f64',
  width: (inputs) => (inputs * (inputs - 1)) / 2,
  work: ({ mostPoints, mostInputs }, nodes) => nodes * mostPoints * mostInputs,
  place: (scope, { pairStart, pairs }) => [place(scope, 'i32', pairStart), place(scope, 'i32', pairs)],
  values: (part) => [
    ...treeOffsets(part),
    ...part.extra,
    part.result,
    part.scratch,
    ...treeCounts(part),
    part.paths.pairs.length,
  ],
};

function backgroundTask({ columns, weights }: BackgroundRows, paths: TreePaths): ShapTask {
  return {
    kernel: 'shap_background_f64',
    width: (inputs) => inputs,
    work: (_, nodes) => 4 * nodes * weights.length,
    place: (scope) => [
      placeColumns(scope, columns, 0, weights.length),
      place(scope, 'f64', weights),
      place(scope, 'i32', paths.right),
      place(scope, 'f64', coalitionWeights(paths.mostInputs)),
    ],
    values: ({ at, extra, result, scratch, operation, firstTree, endTree, endNode, rows, firstRow, endRow }) => {
      const { inputs, outputs, categories, leafValues, leafWidth } = operation;
      const [background, weightsAt, right, coalitions] = extra;
      return [
        ...[at['inputs']!, background!, weightsAt!, at['trees']!, at['feature']!, at['threshold']!],
        ...[at['missingGoesLeft']!, at['categoryOffset']!, at['categoryWords']!, at['categories']!, right!],
        ...[at['leaf']!, at['leafValues']!, coalitions!, result, scratch],
        ...[inputs.length, weights.length, endTree - firstTree, endNode, categories.length],
        ...[leafValues.length / leafWidth, leafWidth, outputs.length, paths.mostInputs, rows, firstRow, endRow],
      ];
    },
  };
}

class ShapRun {
  readonly #engine: Engine;
  readonly #operation: EnsembleOperation;
  readonly #paths: TreePaths;

  constructor(engine: Engine, operation: EnsembleOperation, paths: TreePaths) {
    this.#engine = engine;
    this.#operation = operation;
    this.#paths = paths;
  }

  finishExpected(expected: Float64Array): Float64Array {
    const { base, average, roots } = this.#operation;
    return expected.map((value, output) => (base[output]! + value) / (average ? roots.length : 1));
  }

  async explain(
    columns: readonly Float64Array[],
    rowCount: number,
    { signal, onRows }: EnsembleShapOptions,
    task: ShapTask,
  ): Promise<Float64Array> {
    const { inputs, outputs, average, roots } = this.#operation;
    const width = outputs.length * task.width(inputs.length);
    const values = new Float64Array(width * rowCount);
    if (width === 0 || rowCount === 0) return values;
    const blockRows = Math.max(LANES, Math.min(BLOCK_ROWS, Math.floor(BLOCK_NUMBERS / width / LANES) * LANES));
    using scope = this.#engine.arena.scope();
    const at = this.#place(scope);
    const extra = task.place(scope, this.#paths);
    for (let start = 0; start < rowCount; start += blockRows) {
      const rows = Math.min(blockRows, rowCount - start);
      using block = this.#engine.arena.scope();
      const inputsAt = placeColumns(block, columns, start, rows);
      const result = block.allocate('f64', width * rows);
      result.fill(0);
      const resultAt = result.byteOffset;
      await this.#runBlock({ ...at, inputs: inputsAt }, extra, resultAt, rows, task, signal);
      // An unshared memory may have grown meanwhile, so the result is looked up again.
      const results = new Float64Array(this.#engine.arena.memory.buffer, resultAt, width * rows);
      for (let column = 0; column < width; column++) {
        values.set(results.subarray(column * rows, (column + 1) * rows), column * rowCount + start);
      }
      onRows?.(start + rows);
    }
    if (average) for (let i = 0; i < values.length; i++) values[i] = values[i]! / roots.length;
    return values;
  }

  /** Tasks of one round share out the rows; trees that are too many for one task come round after round. */
  async #runBlock(
    at: Readonly<Record<string, number>>,
    extra: readonly number[],
    result: number,
    rows: number,
    task: ShapTask,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { trees, nodeCount, mostNodes, mostDepth, mostPoints } = this.#paths;
    const { inputs, roots } = this.#operation;
    const scratchNumbers = Math.max(
      64 + 5 * mostNodes * mostPoints + LANES * (mostDepth + 1) * (3 * mostPoints + 4),
      inputs.length + 1,
    );
    const threads = Math.max(1, Math.min(this.#engine.threads, Math.ceil(rows / LANES)));
    using scope = this.#engine.arena.scope();
    // A task needs scratch memory of its own: as many run at once as there are threads.
    const scratch = Array.from({ length: threads }, () => scope.allocate('f64', scratchNumbers).byteOffset);
    const firstNode = (tree: number) => (tree < roots.length ? trees[TREE_STRIDE * tree]! : nodeCount);
    for (let firstTree = 0; firstTree < roots.length; ) {
      let endTree = firstTree + 1;
      const workOf = (end: number) => task.work(this.#paths, firstNode(end) - firstNode(firstTree)) * LANES;
      while (endTree < roots.length && workOf(endTree + 1) <= TASK_WORK) endTree++;
      const fair = Math.ceil(rows / threads / LANES);
      const affordable = Math.floor((4 * TASK_WORK) / Math.max(1, workOf(endTree)));
      const taskRows = LANES * Math.max(1, Math.min(TASK_ROWS / LANES, fair, affordable));
      const taskAt = (firstRow: number, slot: number): Task => {
        const part: TaskPart = {
          ...{ operation: this.#operation, paths: this.#paths, extra, result, scratch: scratch[slot]!, rows, firstRow },
          at: { ...at, trees: at['trees']! + 4 * TREE_STRIDE * firstTree },
          endRow: Math.min(rows, firstRow + taskRows),
          ...{ firstTree, endTree, endNode: firstNode(endTree) },
        };
        return { kernel: task.kernel, values: task.values(part) };
      };
      for (let first = 0; first < rows; first += threads * taskRows) {
        const starts = Array.from({ length: threads }, (_, slot) => first + slot * taskRows).filter(
          (row) => row < rows,
        );
        await this.#engine.run(starts.map(taskAt), signal);
      }
      firstTree = endTree;
    }
  }

  #place(scope: Scope): Record<string, number> {
    const { trees, feature, threshold, missingGoesLeft, categoryOffset, categoryWords, edges } = this.#paths;
    const { share, ratio, leaf, quadrature } = this.#paths;
    const { categories, leafValues } = this.#operation;
    return {
      trees: place(scope, 'i32', trees),
      feature: place(scope, 'i32', feature),
      threshold: place(scope, 'f64', threshold),
      missingGoesLeft: place(scope, 'u8', missingGoesLeft),
      categoryOffset: place(scope, 'i32', categoryOffset),
      categoryWords: place(scope, 'i32', categoryWords),
      categories: place(scope, 'u32', categories),
      edges: place(scope, 'i32', edges),
      share: place(scope, 'f64', share),
      ratio: place(scope, 'f64', ratio),
      leaf: place(scope, 'i32', leaf),
      leafValues: place(scope, 'f64', leafValues),
      quadrature: place(scope, 'f64', quadrature),
    };
  }
}

function place(scope: Scope, dtype: Dtype, values: ArrayLike<number>): number {
  const array = scope.allocate(dtype, values.length) as Float64Array;
  array.set(values);
  return array.byteOffset;
}

/** Rows of columns, column by column. */
function placeColumns(scope: Scope, columns: readonly Float64Array[], start: number, rows: number): number {
  const array = scope.allocate('f64', columns.length * rows);
  columns.forEach((column, index) => {
    array.set(column.subarray(start, start + rows), index * rows);
  });
  return array.byteOffset;
}
