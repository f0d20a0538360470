import type { Engine, Task } from '../../engine/engine.js';
import { randomKey } from '../../engine/random.js';
import { MemoryRows } from '../../engine/trees/row-store.js';
import { growTrees, type StartedTree } from '../../engine/trees/tree-growing.js';
import { treeThreads } from '../../engine/trees/tree-threads.js';
import { type NodeRows, TreeWorkspace } from '../../engine/trees/tree-workspace.js';
import type { BinnedRows } from '../../engine/trees/trees.js';
import { HISTOGRAM_STRIDE } from '../../kernels/tree-building.js';
import type { HistoryPoint, Progress } from '../../table/interfaces.js';
import type { Deadline } from '../../training/deadline.js';
import { Stopping } from '../../training/stopping.js';
import type { FeatureBins } from '../binning/index.js';
import type { FeatureConstraints } from './constraints.js';
import type { BoostingStart, MemoryStart } from './continuation.js';
import { measureCover } from './cover.js';
import { Dart, MemoryDroppedSums, viewOf } from './dart.js';
import { Grower, type GrowerOptions, type GrownNode, leavesOf } from './grower.js';
import { growerOptions, renewLeafValues, setLeafValues, takeNodes, treeRules } from './growing.js';
import { histogramsFor } from './histogram.js';
import type { BoostingLoss } from './loss.js';
import { type LossData, LossState } from './loss-state.js';
import type { GradientBoostingParameters } from './parameters.js';
import { LeafRenewal } from './renewal.js';
import { type DrawParameters, drawsAnew, RowSampling } from './sampling.js';
import { unscaledSums, unscaledUnits } from './scales.js';

export interface BoostingOptions extends GradientBoostingParameters {
  readonly constraints: FeatureConstraints;
  readonly seed: number;
  /** Raw predictions to start from; default: those of least loss. */
  readonly base?: Float64Array;
  /** What to go on from. */
  readonly start?: BoostingStart;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly deadline?: Deadline;
  /** Called after each round that does not end it all, with everything that there is by then. */
  readonly onRound?: (soFar: Boosted) => Promise<void>;
}

/** The same, of rows that all lie in memory. */
interface MemoryOptions extends BoostingOptions {
  readonly start?: MemoryStart;
}

/** What boosting learns from. Rows index the binned data, `targets`, `weights` and `groups`. */
export interface BoostingData extends Omit<LossData, 'rowCount'> {
  readonly rows: BinnedRows;
  readonly bins: readonly FeatureBins[];
}

export interface Boosted {
  readonly base: Float64Array;
  /** New trees in order of growth, output by output within a round; only those of the rounds kept. */
  readonly trees: readonly GrownNode[];
  readonly history: readonly HistoryPoint[];
  readonly bestIteration: number;
  /** The validation loss before the first round; undefined without validation rows. */
  readonly startLoss?: number;
  /** Huber's deltas that losses were measured by, target by target. */
  readonly yardstick?: Float64Array;
  /** DART: what the rounds that were gone on from, and may be dropped, count after the best one. */
  readonly earlierWeights?: readonly number[];
  readonly stopped: 'converged' | 'no improvement' | 'rounds used up' | 'time used up';
}

/** Gradient boosting (Friedman, 2001) with Newton steps on histograms. */
export async function boost(
  engine: Engine,
  data: BoostingData,
  loss: BoostingLoss,
  options: MemoryOptions,
): Promise<Boosted> {
  using run = new BoostingRun(engine, data, loss, options);
  return await run.boost();
}

/** Gradients and orders of the rows, and what a tree is grown in. */
interface Lane {
  readonly rows: MemoryRows;
  readonly workspace: TreeWorkspace;
}

/** A tree before its leaves have values. */
interface Begun {
  readonly output: number;
  readonly workspace: TreeWorkspace;
  readonly root: GrownNode;
  /** Absent: it is grown. */
  readonly started: StartedTree | undefined;
}

/** The leaves of a grown tree. */
interface Leaves {
  readonly output: number;
  readonly workspace: TreeWorkspace;
  readonly leaves: readonly GrownNode[];
  readonly nodes: readonly NodeRows[];
}

/** Trees a thread that are grown side by side: not all take as long. */
const LANES_A_THREAD = 4;
/** Bytes that the histograms of trees that are grown side by side may take. */
const LANE_BYTES = 256 * 2 ** 20;

/**
 * How many outputs have their trees grown side by side: some a thread, where several threads would have too little to do in one tree
 * but not in all, and nothing else needs the gradients of one output at a time.
 */
function lanesFor(
  engine: Engine,
  { rowCount, layout }: BinnedRows,
  loss: BoostingLoss,
  { boostingType, dataSampleStrategy }: GradientBoostingParameters,
  histograms: number,
): number {
  const { threads } = engine;
  const { columnCount } = layout;
  const worthwhile = treeThreads(threads, rowCount, loss.outputs * columnCount) > 1;
  const alone = !worthwhile || treeThreads(threads, rowCount, columnCount) > 1;
  const apart = loss.kind === 'kernels' && !loss.renewal && boostingType !== 'dart' && dataSampleStrategy !== 'goss';
  if (alone || !apart) return 1;
  const bytes = histograms * columnCount * HISTOGRAM_STRIDE * 8 + 20 * rowCount;
  return Math.max(1, Math.min(loss.outputs, LANES_A_THREAD * threads, Math.floor(LANE_BYTES / bytes)));
}

class BoostingRun implements Disposable {
  readonly #data: BoostingData;
  readonly #loss: BoostingLoss;
  readonly #options: MemoryOptions;
  readonly #growing: GrowerOptions;
  readonly #engine: Engine;
  /** One, or several, where outputs have their trees grown side by side. */
  readonly #lanes: readonly Lane[];
  readonly #rows: MemoryRows;
  readonly #workspace: TreeWorkspace;
  readonly #state: LossState;
  readonly #renewal: LeafRenewal | undefined;
  readonly #sampling: RowSampling;
  readonly #dart: Dart | undefined;
  /** Rounds of the model that is gone on from. */
  readonly #before: number;
  readonly #owned: Disposable[] = [];

  constructor(engine: Engine, data: BoostingData, loss: BoostingLoss, options: MemoryOptions) {
    this.#data = data;
    this.#loss = loss;
    this.#options = options;
    const mostLeaves = Math.max(2, Math.floor(data.training.length / options.minSamplesLeaf));
    const leaves = Math.min(options.maxLeafNodes ?? mostLeaves, mostLeaves);
    this.#growing = growerOptions(options, leaves);
    const binCounts = data.bins.map((bins) => (bins.categorical ? 0 : bins.binCount));
    const categories = data.bins.map((bins) => (bins.categorical ? bins.binCount : 0));
    const bins = data.bins.map(({ binCount }) => binCount);
    const sizes = { histograms: histogramsFor(data.rows.layout.columnCount, leaves), leaves, bins, categories };
    // What comes later may refuse its parameters or find no memory: then what is already there is given back.
    const own = <T extends Disposable>(part: () => T): T => {
      try {
        const made = part();
        this.#owned.push(made);
        return made;
      } catch (error) {
        this[Symbol.dispose]();
        throw error;
      }
    };
    const lane = (beside: boolean): Lane => {
      const rows = own(() => new MemoryRows(engine, data.rows, beside));
      const { monotone } = options.constraints;
      return { rows, workspace: own(() => new TreeWorkspace(engine, rows, binCounts, sizes, monotone)) };
    };
    const lanes = lanesFor(engine, data.rows, loss, options, sizes.histograms);
    this.#engine = engine;
    if (lanes > 1) engine.startThreads();
    this.#lanes = Array.from({ length: lanes }, () => lane(lanes > 1));
    this.#rows = this.#lanes[0]!.rows;
    this.#workspace = this.#lanes[0]!.workspace;
    const { start } = options;
    const base = start?.base ?? options.base;
    const targets = { ...data, rowCount: data.rows.rowCount };
    this.#state = own(() => new LossState(engine, targets, loss, this.#rows, base, start?.yardstick));
    const training = data.training.length;
    const weighted = data.weights !== undefined;
    const { renewal } = loss;
    this.#renewal = renewal && own(() => new LeafRenewal(engine, this.#rows, renewal, { training, leaves, weighted }));
    this.#sampling = own(() => new RowSampling(engine, this.#rows, data, options));
    this.#dart =
      options.boostingType === 'dart'
        ? new Dart(
            own(() => this.#sumsOn(engine)),
            options,
          )
        : undefined;
    this.#before = start?.rounds ?? 0;
    start?.raw.forEach((raw, output) => {
      viewOf(engine, this.#state.rawOf(output), raw.length).set(raw);
    });
  }

  async boost(): Promise<Boosted> {
    const { base } = this.#state;
    const before = this.#before;
    return await boostRounds(
      {
        base,
        outputs: this.#loss.outputs,
        dart: this.#dart,
        yardstick: () => this.#state.yardstick,
        begin: async () => {
          await this.#state.beginRound(this.#options.signal);
          return await this.#state.validationLoss(this.#options.signal);
        },
        round: (iteration) => this.#round(iteration, iteration === before + 1),
        measure: (iteration) => this.#measure(iteration),
      },
      this.#options,
    );
  }

  /** Grows the trees of one round, one an output, and adds them to the raw predictions. */
  async #round(iteration: number, first: boolean): Promise<GrownNode[]> {
    // All outputs' derivatives are of the predictions before the round.
    const { signal } = this.#options;
    const share = (await this.#dart?.drop(iteration, signal)) ?? 1;
    if (!first || share < 1) await this.#state.beginRound(signal);
    const trees: GrownNode[] = [];
    const { outputs } = this.#loss;
    for (let first = 0; first < outputs; first += this.#lanes.length) {
      trees.push(...(await this.#growBeside(iteration, first, Math.min(outputs, first + this.#lanes.length), share)));
    }
    await this.#dart?.finish(trees, signal);
    return trees;
  }

  /** The trees of some outputs, a lane each. `share`: what they count (less than 1 after a dropout). */
  async #growBeside(iteration: number, first: number, end: number, share: number): Promise<GrownNode[]> {
    const { signal } = this.#options;
    const lanes = this.#lanes.slice(0, end - first);
    await this.#state.derive(
      first,
      signal,
      lanes.map(({ rows }) => rows),
    );
    const begun: Begun[] = [];
    for (const [index, { workspace }] of lanes.entries()) {
      begun.push(await this.#begin(iteration, first + index, workspace));
    }
    const started = begun.flatMap(({ started }) => started ?? []);
    if (started.length > 0) await growTrees(this.#engine, started, signal);
    await this.#finish(begun, share);
    return begun.map(({ root }) => root);
  }

  /** Quantises an output's derivatives. A tree whose nodes differ in what they may do is grown at once, the others later. */
  async #begin(iteration: number, output: number, workspace: TreeWorkspace): Promise<Begun> {
    const { signal, seed } = this.#options;
    const { training, following } = await this.#sampling.rowsFor(iteration, output, signal);
    const levels = await workspace.quantise(randomKey(seed, 'gradients', iteration, output), signal);
    const units = unscaledUnits(levels, this.#state.scales);
    const rules = treeRules(this.#options, iteration, output);
    const rows = await workspace.begin(training, following);
    const root: GrownNode = { rows, depth: 0, rules: rules.root(), value: 0 };
    const { everywhere } = rules;
    const started = everywhere && workspace.startTree(units, this.#growing, everywhere.allowed);
    if (!started) await new Grower(workspace, this.#data.bins, this.#growing, units, rules).grow(root, signal);
    return { output, workspace, root, started };
  }

  /** Gives the leaves of grown trees their values, and adds these to the raw predictions. */
  async #finish(begun: readonly Begun[], share: number): Promise<void> {
    const { weights } = this.#data;
    const trees: Leaves[] = [];
    for (const { output, workspace, root, started } of begun) {
      if (started) takeNodes(root, started.grown);
      await measureCover(root, workspace, weights && (() => weights));
      const leaves = leavesOf(root);
      trees.push({ output, workspace, leaves, nodes: leaves.map((leaf) => leaf.rows) });
    }
    if (this.#renewal) for (const tree of trees) await this.#renew(tree, this.#renewal);
    else await this.#setValues(trees);
    const adding = trees.flatMap(({ output, workspace, leaves, nodes }) => {
      const values = leaves.map((leaf) => leaf.value * share);
      return workspace.leafAddTasks(nodes, values, this.#state.rawOf(output));
    });
    await this.#run(adding);
  }

  async #renew({ output, workspace, leaves, nodes }: Leaves, renewal: LeafRenewal): Promise<void> {
    const { signal, learningRate } = this.#options;
    const columns = this.#state.residualsOf(output);
    renewLeafValues(leaves, await renewal.valuesOf(workspace, nodes, columns, signal), learningRate);
  }

  async #setValues(trees: readonly Leaves[]): Promise<void> {
    await this.#run(trees.flatMap(({ workspace, nodes }) => workspace.leafSumTasks(nodes)));
    for (const { workspace, leaves } of trees) {
      const sums = unscaledSums(workspace.leafSumsFound(leaves.length), this.#state.scales);
      setLeafValues(leaves, sums, this.#growing, this.#options.learningRate, this.#loss.mostStep);
    }
  }

  /** Calls over rows: on several threads where there are many rows, or several trees. */
  async #run(tasks: readonly Task[]): Promise<void> {
    if (this.#lanes.length > 1 || this.#workspace.spreads) await this.#engine.run(tasks, this.#options.signal);
    else this.#engine.runHere(tasks);
  }

  #sumsOn(engine: Engine): MemoryDroppedSums {
    const { training, validation } = this.#data;
    return new MemoryDroppedSums({
      engine,
      workspace: this.#workspace,
      rows: { training, following: validation },
      rowCount: this.#rows.rowCount,
      outputs: this.#loss.outputs,
      rawOf: (output) => this.#state.rawOf(output),
    });
  }

  async #measure(iteration: number): Promise<HistoryPoint> {
    const { signal } = this.#options;
    const loss = await this.#state.trainingLoss(signal);
    const validationLoss = await this.#state.validationLoss(signal);
    return validationLoss === undefined ? { iteration, loss } : { iteration, loss, validationLoss };
  }

  [Symbol.dispose](): void {
    for (const part of this.#owned.splice(0)) part[Symbol.dispose]();
  }
}

/** What boosting repeats, wherever its rows lie. */
export interface BoostingRounds {
  readonly base: Float64Array;
  readonly outputs: number;
  readonly dart?: Pick<Dart, 'applyWeights'>;
  /** Huber's deltas that losses are measured by, from the first round on. */
  yardstick(): Float64Array | undefined;
  /** Before the first round: the validation loss, where there are rows to measure it on. */
  begin(): Promise<number | undefined>;
  /** Grows the trees of a round (the first is 1) and adds them to the raw predictions. */
  round(iteration: number): Promise<GrownNode[]>;
  measure(iteration: number): Promise<HistoryPoint>;
}

/** Round after round until there are enough, or more would not help. */
export async function boostRounds(
  run: BoostingRounds,
  options: Pick<
    BoostingOptions,
    'maxIter' | 'nIterNoChange' | 'tol' | 'onProgress' | 'onRound' | 'deadline' | 'start' | keyof DrawParameters
  >,
): Promise<Boosted> {
  const { maxIter, nIterNoChange, tol, onProgress, onRound, deadline } = options;
  const { base, outputs, dart } = run;
  const before = options.start?.rounds ?? 0;
  const trees: GrownNode[] = [];
  const history: HistoryPoint[] = [...(options.start?.history ?? [])];
  const found = await run.begin();
  const start = options.start?.startLoss ?? found;
  const stopping = new Stopping({ patience: nIterNoChange, tolerance: tol, start: start ?? 0 });
  const untold = replay(stopping, history, options.start);
  let stopped: Boosted['stopped'] = 'rounds used up';
  for (let iteration = before + 1; iteration <= maxIter; iteration++) {
    const grown = await run.round(iteration);
    // Where every tree sees the same, nothing will ever be split again.
    if (grown.every((tree) => !tree.split) && !drawsAnew(options)) {
      stopped = 'converged';
      break;
    }
    trees.push(...grown);
    const point = await run.measure(iteration);
    history.push(point);
    const metrics = {
      loss: point.loss,
      ...(point.validationLoss !== undefined && { validationLoss: point.validationLoss }),
    };
    onProgress?.({ what: 'tree', done: iteration, total: maxIter, metrics });
    const verdict = point.validationLoss === undefined ? 'best' : stopping.next(point.validationLoss);
    if (verdict === 'stop') {
      stopped = 'no improvement';
      break;
    }
    if (deadline?.passed) stopped = 'time used up';
    const yardstick = run.yardstick();
    await onRound?.({ base, trees, history, bestIteration: iteration, startLoss: start, yardstick, stopped });
    if (stopped === 'time used up') break;
  }
  const least = Math.max(1, options.start?.fewestRounds ?? 0);
  const bestIteration = start === undefined ? history.length : Math.max(least, untold + stopping.bestIteration);
  const earlierWeights = dart?.applyWeights(bestIteration);
  const kept = trees.slice(0, Math.max(0, bestIteration - before) * outputs);
  return { base, trees: kept, history, bestIteration, startLoss: start, earlierWeights, stopped };
}

/** Tells early stopping of the rounds that were; returns how many of them it was not told of. */
function replay(stopping: Stopping, history: readonly HistoryPoint[], start: BoostingStart | undefined): number {
  const rounds = start?.rounds ?? 0;
  const unmeasured = history.findLastIndex((point) => point.validationLoss === undefined) + 1;
  // Rounds of another fit, which measured nothing or not from its first on, say nothing of this one.
  if (history.length < rounds || (unmeasured > 0 && start?.startLoss === undefined)) return rounds;
  for (const { validationLoss } of history.slice(unmeasured)) stopping.next(validationLoss!);
  return unmeasured;
}
