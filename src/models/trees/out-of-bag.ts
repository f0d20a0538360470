import type { ColumnToCode } from '../../engine/trees/codes.js';
import type { ForestTree } from '../../engine/trees/forest.js';
import type { HistoryPoint } from '../../table/interfaces.js';
import type { CodedTargets } from './targets.js';
import { leafOf } from './walk.js';

/** Rows that the curve is measured on, evenly spread, where no score of all rows is asked for. */
const CURVE_ROWS = 2_000;
/** Points of the curve, about. */
const CURVE_POINTS = 50;

/** Rows to be voted on, and what is true of them. */
export interface VotedRows {
  readonly columns: readonly ColumnToCode[];
  readonly targets: CodedTargets;
  /** Rows of the columns; the targets stand at the same places. */
  readonly rows: Uint32Array;
}

/** Sums of the leaves in which rows end, tree by tree. */
class Tally {
  readonly rows: Uint32Array;
  /** `width` numbers a row. */
  readonly sums: Float64Array;
  /** Trees that have voted for each row. */
  readonly votes: Float64Array;
  readonly #from: VotedRows;

  constructor(from: VotedRows, most: number) {
    const length = Math.min(from.rows.length, most);
    this.#from = from;
    this.rows = Uint32Array.from({ length }, (_, i) => from.rows[Math.floor((i * from.rows.length) / length)]!);
    this.sums = new Float64Array(length * from.targets.width);
    this.votes = new Float64Array(length);
  }

  vote(tree: ForestTree, bagWeights: Float64Array | undefined): void {
    const { columns, targets } = this.#from;
    const { width } = targets;
    for (let i = 0; i < this.rows.length; i++) {
      const row = this.rows[i]!;
      if (bagWeights && bagWeights[row]! > 0) continue;
      const leaf = leafOf(tree, columns, row);
      for (let k = 0; k < width; k++) this.sums[i * width + k]! += tree.values[leaf * width + k]!;
      this.votes[i]!++;
    }
  }

  /** Mean loss over the rows with a vote; undefined where there is none. */
  loss(): number | undefined {
    let [sum, count] = [0, 0];
    for (let i = 0; i < this.rows.length; i++) {
      if (this.votes[i] === 0) continue;
      sum += this.#lossOf(i);
      count++;
    }
    return count > 0 ? sum / count : undefined;
  }

  /** Squared error, or the Brier score; the mean over the targets. */
  #lossOf(i: number): number {
    const { width, classCount, count, values, lossScale } = this.#from.targets;
    const row = this.rows[i]!;
    const length = values.length / count;
    let loss = 0;
    for (let k = 0; k < width; k++) {
      const error = this.sums[i * width + k]! / this.votes[i]! - (classCount > 0 ? 0 : values[k * length + row]!);
      loss += error * error;
    }
    if (classCount === 0) return loss * lossScale;
    for (let target = 0; target < count; target++) {
      const share = this.sums[i * width + values[target * length + row]!]! / this.votes[i]!;
      loss += 1 - 2 * share;
    }
    return loss * lossScale;
  }
}

/**
 * How the loss falls with the number of trees: over training rows by the trees that did not see them (out of the bag), and
 * over validation rows by all. Squared error, or the Brier score of the classes.
 */
export class ForestCurve {
  readonly history: HistoryPoint[] = [];
  readonly #training: Tally;
  readonly #validation: Tally | undefined;
  readonly #every: number;
  #trees = 0;

  /** `everyRow`: all training rows are voted on, not 2,000 of them. */
  constructor(training: VotedRows, validation: VotedRows | undefined, treeCount: number, everyRow: boolean) {
    this.#training = new Tally(training, everyRow ? Number.POSITIVE_INFINITY : CURVE_ROWS);
    this.#validation = validation && new Tally(validation, CURVE_ROWS);
    this.#every = Math.ceil(treeCount / CURVE_POINTS);
  }

  /** Adds a tree (without `bagWeights` it counts for every row); returns the losses where the curve gets a point. */
  add(tree: ForestTree, bagWeights: Float64Array | undefined): Record<string, number> | undefined {
    this.#trees++;
    this.#training.vote(tree, bagWeights);
    this.#validation?.vote(tree, undefined);
    if (this.#trees % this.#every !== 0) return undefined;
    const loss = this.#training.loss();
    if (loss === undefined) return undefined;
    const validationLoss = this.#validation?.loss();
    const losses = { loss, ...(validationLoss !== undefined && { validationLoss }) };
    this.history.push({ iteration: this.#trees, ...losses });
    return losses;
  }

  /** Means of the leaves, `width` a row, in the kernel's terms: NaN where no tree has voted. Of the rows given. */
  get votes(): { readonly rows: Uint32Array; readonly means: Float64Array } {
    const { rows, sums, votes } = this.#training;
    const width = sums.length / Math.max(1, rows.length);
    return { rows, means: sums.map((sum, i) => sum / votes[Math.floor(i / width)]!) };
  }
}
