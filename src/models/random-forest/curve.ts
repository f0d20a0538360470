import type { ForestTree } from '../../engine/forest.js';
import type { BinnedRows } from '../../engine/trees.js';
import { MISSING_BIN, MISSING_LEFT } from '../../kernels/tree-building.js';
import type { HistoryPoint } from '../../table/interfaces.js';

/** Rows that the curve is measured on, evenly spread; all of them where there are fewer. */
const CURVE_ROWS = 2_000;
/** Points of the curve, about. */
const CURVE_POINTS = 50;

/** Rows whose predictions are added up tree by tree. */
interface Tally {
  readonly rows: Uint32Array;
  /** Bins by row, then feature. */
  readonly bins: Uint8Array;
  /** Sum over trees of the value of each row's leaf, `width` a row. */
  readonly sums: Float64Array;
  /** Trees that have voted for each row. */
  readonly votes: Float64Array;
}

/**
 * How the loss falls with the number of trees: over training rows by the trees that did not see them (out of the bag), and
 * over validation rows by all. Squared error, or the Brier score of the classes.
 */
export class ForestCurve {
  readonly history: HistoryPoint[] = [];
  readonly #targets: Float64Array;
  readonly #classes: number;
  readonly #features: number;
  readonly #training: Tally;
  readonly #validation: Tally;
  readonly #every: number;
  #trees = 0;

  constructor(
    data: BinnedRows,
    targets: Float64Array,
    classes: number,
    rows: { readonly training: Uint32Array; readonly validation: Uint32Array },
    treeCount: number,
  ) {
    this.#targets = targets;
    this.#classes = classes;
    this.#features = data.featureCount;
    this.#training = tallyOf(data, rows.training, this.#width);
    this.#validation = tallyOf(data, rows.validation, this.#width);
    this.#every = Math.ceil(treeCount / CURVE_POINTS);
  }

  /** Numbers a leaf holds. */
  get #width(): number {
    return this.#classes > 2 ? this.#classes : 1;
  }

  /** Adds a tree (without `bagWeights` it counts for every row); returns the losses where the curve gets a point. */
  add(tree: ForestTree, bagWeights: Float64Array | undefined): Record<string, number> | undefined {
    this.#trees++;
    this.#vote(this.#training, tree, bagWeights);
    this.#vote(this.#validation, tree, undefined);
    if (this.#trees % this.#every !== 0) return undefined;
    const loss = this.#loss(this.#training);
    if (loss === undefined) return undefined;
    const validationLoss = this.#loss(this.#validation);
    const losses = { loss, ...(validationLoss !== undefined && { validationLoss }) };
    this.history.push({ iteration: this.#trees, ...losses });
    return losses;
  }

  #vote(tally: Tally, tree: ForestTree, bagWeights: Float64Array | undefined): void {
    const width = this.#width;
    for (let i = 0; i < tally.rows.length; i++) {
      if (bagWeights && bagWeights[tally.rows[i]!]! > 0) continue;
      const leaf = findLeaf(tree, tally.bins, i * this.#features);
      for (let k = 0; k < width; k++) tally.sums[i * width + k]! += tree.values[leaf * width + k]!;
      tally.votes[i]!++;
    }
  }

  /** Mean over the rows with a vote; undefined where there is none. */
  #loss({ rows, sums, votes }: Tally): number | undefined {
    const width = this.#width;
    let [sum, count] = [0, 0];
    for (let i = 0; i < rows.length; i++) {
      if (votes[i] === 0) continue;
      const target = this.#targets[rows[i]!]!;
      for (let k = 0; k < width; k++) {
        const error = sums[i * width + k]! / votes[i]! - (width > 1 ? (target === k ? 1 : 0) : target);
        // Of two classes the other one's error is the same.
        sum += this.#classes === 2 ? 2 * error * error : error * error;
      }
      count++;
    }
    return count > 0 ? sum / count : undefined;
  }
}

function tallyOf(data: BinnedRows, all: Uint32Array, width: number): Tally {
  const length = Math.min(all.length, CURVE_ROWS);
  const rows = Uint32Array.from({ length }, (_, i) => all[Math.floor((i * all.length) / length)]!);
  const bins = new Uint8Array(length * data.featureCount);
  rows.forEach((row, i) => {
    for (let feature = 0; feature < data.featureCount; feature++) {
      bins[i * data.featureCount + feature] = data.binAt(row, feature);
    }
  });
  return { rows, bins, sums: new Float64Array(length * width), votes: new Float64Array(length) };
}

function findLeaf({ feature, split, child }: ForestTree, bins: Uint8Array, first: number): number {
  let node = 0;
  while (feature[node]! >= 0) {
    const bin = bins[first + feature[node]!]!;
    const left = bin === MISSING_BIN ? split[node]! >= MISSING_LEFT : bin <= split[node]! % MISSING_LEFT;
    node = child[node]! + (left ? 0 : 1);
  }
  return node;
}
