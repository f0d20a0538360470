import type { Engine, Task } from '../../../engine/engine.js';
import { randomKey } from '../../../engine/random.js';
import type { RowWindow, Uses } from '../../../engine/row-store.js';
import { Role, type SpilledRows, type SpilledWindow } from '../../../engine/spilled-rows.js';
import { TreeWorkspace } from '../../../engine/tree-workspace.js';
import { Breather } from '../../../engine/turn.js';
import type { HistoryPoint } from '../../../table/interfaces.js';
import { Stopping } from '../../../training/stopping.js';
import type { FeatureBins } from '../../binning/index.js';
import { type Boosted, type BoostingOptions, LOSS_ROWS } from '../boosting.js';
import { measureCover } from '../cover.js';
import { Grower, type GrowerOptions, type GrownNode, leavesOf } from '../grower.js';
import { growerOptions, setLeafValues, treeRules } from '../growing.js';
import { histogramsFor } from '../histogram.js';
import { type BoostingLoss, softmax } from '../loss.js';
import { StreamedBase } from './base.js';
import { viewsOf } from './spilled-data.js';
import { rowsWith } from './survey.js';

const BLOCK_ROWS = 65_536;
/** Nodes that may be parted ahead of their turn, for each leaf of a tree. */
const NODES_A_LEAF = 8;

const uses = (read: Uses['read'], write: Uses['write'] = []): Uses => ({ read, write });
const BASE = uses(['targets', 'weights', 'roles']);
const START = uses([], ['raw']);
const ACTIVATE = uses(['raw'], ['activated']);
const DERIVE = uses(['targets', 'weights', 'roles', 'raw', 'activated'], ['gradients', 'hessians']);
const MEASURE = uses(['targets', 'weights', 'roles', 'raw']);

export interface SpilledData {
  readonly rows: SpilledRows;
  readonly bins: readonly FeatureBins[];
  /** Rows that are learnt from, and rows that are only measured on. */
  readonly learnt: number;
  readonly followed: number;
  readonly weighted: boolean;
}

/**
 * The boosting of ../boosting.ts on rows in a file, window after window, to the same bits: whatever is summed is whole
 * numbers, or summed in the order of the rows.
 */
export class SpilledBoosting implements Disposable {
  readonly #engine: Engine;
  readonly #data: SpilledData;
  readonly #loss: BoostingLoss;
  readonly #options: BoostingOptions;
  readonly #growing: GrowerOptions;
  readonly #workspace: TreeWorkspace;
  readonly #breather = new Breather();

  constructor(engine: Engine, data: SpilledData, loss: BoostingLoss, options: BoostingOptions) {
    this.#engine = engine;
    this.#data = data;
    this.#loss = loss;
    this.#options = options;
    const mostLeaves = Math.max(2, Math.floor(data.learnt / options.minSamplesLeaf));
    const leaves = Math.min(options.maxLeafNodes ?? mostLeaves, mostLeaves);
    this.#growing = growerOptions(options, leaves);
    const binCounts = data.bins.map((bins) => (bins.categorical ? 0 : bins.binCount));
    // Every open leaf may have been parted ahead, and its child has a histogram too.
    const histograms = histogramsFor(data.bins.length, 2 * leaves);
    const sizes = { histograms, leaves, nodes: NODES_A_LEAF * leaves };
    this.#workspace = new TreeWorkspace(engine, data.rows, binCounts, sizes, options.constraints.monotone);
  }

  async boost(): Promise<Boosted> {
    const { maxIter, nIterNoChange, tol, onProgress } = this.#options;
    const base = await this.#base();
    await this.#eachWindow(START, (_, views) => {
      base.forEach((value, output) => {
        views.raw(output).fill(value);
      });
    });
    const trees: GrownNode[] = [];
    const history: HistoryPoint[] = [];
    const follows = this.#data.followed > 0;
    const start = follows ? (await this.#measure()).validationLoss! : 0;
    const stopping = new Stopping({ patience: nIterNoChange, tolerance: tol, start });
    let stopped: Boosted['stopped'] = 'rounds used up';
    for (let iteration = 1; iteration <= maxIter; iteration++) {
      const grown = await this.#round(iteration);
      if (grown.every((tree) => !tree.split)) {
        stopped = 'converged';
        break;
      }
      trees.push(...grown);
      const metrics = await this.#measure();
      history.push({ iteration, ...metrics });
      onProgress?.({ what: 'tree', done: iteration, total: maxIter, metrics: { ...metrics } });
      if (metrics.validationLoss === undefined) continue;
      if (stopping.next(metrics.validationLoss) === 'stop') {
        stopped = 'no improvement';
        break;
      }
    }
    const bestIteration = follows ? Math.max(1, stopping.bestIteration) : history.length;
    return { base, trees: trees.slice(0, bestIteration * this.#loss.outputs), history, bestIteration, stopped };
  }

  /** The constants of least loss, summed in the order of the rows. */
  async #base(): Promise<Float64Array> {
    const sums = new StreamedBase(this.#loss);
    await this.#eachWindow(BASE, (_, { targets, weights, roles }) => {
      sums.add(targets, rowsWith(roles, Role.learnt), weights);
    });
    return sums.finish();
  }

  async #round(iteration: number): Promise<GrownNode[]> {
    if (this.#loss.activation !== 'none') await this.#activate();
    const trees: GrownNode[] = [];
    for (let output = 0; output < this.#loss.outputs; output++) {
      await this.#derive(output);
      trees.push(await this.#grow(iteration, output));
    }
    return trees;
  }

  async #activate(): Promise<void> {
    const outputs = Array.from({ length: this.#loss.outputs }, (_, output) => output);
    await this.#eachWindow(ACTIVATE, async (window, views) => {
      for (let start = 0; start < window.rowCount; start += BLOCK_ROWS) {
        const end = Math.min(window.rowCount, start + BLOCK_ROWS);
        if (this.#loss.activation === 'softmax') {
          softmax(outputs.map(views.raw), outputs.map(views.activated), start, end);
          await this.#breather.breathe(this.#options.signal);
        }
      }
      if (this.#loss.activation !== 'sigmoid') return;
      const tasks: Task[] = [];
      for (let start = 0; start < window.rowCount; start += BLOCK_ROWS) {
        const offsets = [window.raw + 8 * start, window.activated + 8 * start];
        tasks.push({ kernel: 'sigmoid_f64', values: [...offsets, Math.min(BLOCK_ROWS, window.rowCount - start)] });
      }
      await this.#engine.run(tasks, this.#options.signal);
    });
  }

  async #derive(output: number): Promise<void> {
    const outputs = Array.from({ length: this.#loss.outputs }, (_, index) => index);
    await this.#eachWindow(DERIVE, async (window, views) => {
      const { targets, weights, roles, gradients, hessians } = views;
      const activated = outputs.map(views.activated);
      for (let start = 0; start < window.rowCount; start += BLOCK_ROWS) {
        const end = Math.min(window.rowCount, start + BLOCK_ROWS);
        this.#loss.derivatives(targets, activated, output, gradients, hessians, start, end);
        for (let row = start; row < end; row++) {
          if (weights) {
            gradients[row]! *= weights[row]!;
            hessians[row]! *= weights[row]!;
          }
          // Validation rows are never learnt from, nor do they set the scale of the quantisation.
          if (roles[row] === Role.following) gradients[row] = hessians[row] = 0;
        }
        await this.#breather.breathe(this.#options.signal);
      }
    });
  }

  async #grow(iteration: number, output: number): Promise<GrownNode> {
    const { signal, seed, learningRate } = this.#options;
    const { bins, learnt, followed, weighted } = this.#data;
    const workspace = this.#workspace;
    const units = await workspace.quantise(randomKey(seed, 'gradients', iteration, output), signal);
    const rows = await workspace.beginWith(learnt, followed > 0, (order, window, from, to) => {
      const { roles } = viewsOf(this.#engine, window as SpilledWindow);
      return putRoles(order, roles, from, to);
    });
    const rules = treeRules(this.#options, iteration, output);
    const root: GrownNode = { rows, depth: 0, rules: rules.root(), value: 0 };
    await new Grower(workspace, bins, this.#growing, units, rules).grow(root, signal);
    const weightsOf = (window: RowWindow) => viewsOf(this.#engine, window as SpilledWindow).weights!;
    await measureCover(root, workspace, weighted ? weightsOf : undefined);
    const leaves = leavesOf(root);
    const nodes = leaves.map((leaf) => leaf.rows);
    const sums = await workspace.leafSums(nodes, signal);
    setLeafValues(leaves, sums, this.#growing, learningRate);
    const values = leaves.map((leaf) => leaf.value);
    const raw = (window: SpilledWindow) => window.raw + output * window.outputBytes;
    await workspace.addToLeaves(nodes, values, (window) => raw(window as SpilledWindow), signal);
    return root;
  }

  /** The weighted mean losses of some rows learnt from, spread evenly, and of all that follow. */
  async #measure(): Promise<{ loss: number; validationLoss?: number }> {
    const { learnt, followed } = this.#data;
    const [training, validation] = [new MeanLoss(), new MeanLoss()];
    const most = Math.min(learnt, LOSS_ROWS);
    let [seen, taken] = [0, 0];
    await this.#eachWindow(MEASURE, async ({ rowCount }, views) => {
      const { targets, weights, roles } = views;
      const raw = Array.from({ length: this.#loss.outputs }, (_, output) => views.raw(output));
      for (let row = 0; row < rowCount; row++) {
        const sums = roles[row] === Role.learnt ? training : roles[row] === Role.following ? validation : undefined;
        if (sums === training && !(taken < most && seen++ === Math.floor((taken * learnt) / most))) continue;
        if (sums === training) taken++;
        sums?.add(weights ? weights[row]! : 1, this.#loss.loss(targets[row]!, raw, row));
      }
    });
    return followed > 0 ? { loss: training.mean, validationLoss: validation.mean } : { loss: training.mean };
  }

  /** Works through the windows; the event loop turns between them. */
  async #eachWindow(
    uses: Uses,
    work: (window: SpilledWindow, views: ReturnType<typeof viewsOf>) => void | Promise<void>,
  ): Promise<void> {
    const { rows } = this.#data;
    for (let index = 0; index < rows.windowCount; index++) {
      const window = await rows.open(index, uses);
      await work(window, viewsOf(this.#engine, window));
      await this.#breather.breathe(this.#options.signal);
    }
  }

  [Symbol.dispose](): void {
    this.#workspace[Symbol.dispose]();
  }
}

class MeanLoss {
  #sum = 0;
  #total = 0;

  add(weight: number, loss: number): void {
    this.#sum += weight * loss;
    this.#total += weight;
  }

  get mean(): number {
    return this.#total > 0 ? this.#sum / this.#total : 0;
  }
}

/** Rows [from, to) of a window: those learnt from, then those that follow, each ascending. */
function putRoles(order: Uint32Array, roles: Uint8Array, from: number, to: number): [number, number] {
  let middle = from;
  for (let row = from; row < to; row++) if (roles[row] === Role.learnt) order[middle++] = row;
  let end = middle;
  for (let row = from; row < to; row++) if (roles[row] === Role.following) order[end++] = row;
  return [middle, end];
}
