import type { RandomStream } from '../../engine/random.js';
import { log } from '../../kernels/elementary.js';

const EULER = 0.5772156649015329;
/** Ends of what thresholds are drawn from, so that the span of infinite values is a number. */
const LARGEST = Number.MAX_VALUE / 4;

/** A tree of random splits: arrays by node, the root first, children side by side. */
export interface IsolationTree {
  readonly feature: readonly number[];
  readonly threshold: readonly number[];
  readonly missingLeft: readonly boolean[];
  readonly child: readonly number[];
  /** Rows of each node. */
  readonly samples: readonly number[];
  /** Edges from the root to each node. */
  readonly depth: readonly number[];
}

/**
 * Edges that a search among `rows` rows takes on average where it fails: what a leaf of several rows adds to its depth
 * (Liu, Ting and Zhou 2008, equation 1).
 */
export function averagePathLength(rows: number): number {
  if (rows <= 1) return 0;
  if (rows === 2) return 1;
  return 2 * (log(rows - 1) + EULER) - (2 * (rows - 1)) / rows;
}

/** Grows a tree on `rows` of the columns, by the features given, down to `maxDepth`. Changes the order of `rows`. */
export function growIsolationTree(
  columns: readonly Float64Array[],
  rows: Uint32Array,
  features: Uint32Array,
  maxDepth: number,
  random: RandomStream,
): IsolationTree {
  const tree = {
    feature: [-1],
    threshold: [0],
    missingLeft: [false],
    child: [-1],
    samples: [rows.length],
    depth: [0],
  };
  const open = [{ node: 0, start: 0, end: rows.length }];
  while (open.length > 0) {
    const { node, start, end } = open.pop()!;
    const depth = tree.depth[node]!;
    if (depth >= maxDepth || end - start < 2) continue;
    const split = drawSplit(columns, rows.subarray(start, end), features, random);
    if (!split) continue;
    const child = tree.feature.length;
    const middle = start + split.left;
    tree.feature[node] = split.feature;
    tree.threshold[node] = split.threshold;
    tree.missingLeft[node] = split.missingLeft;
    tree.child[node] = child;
    for (const samples of [middle - start, end - middle]) {
      tree.feature.push(-1);
      tree.threshold.push(0);
      tree.missingLeft.push(false);
      tree.child.push(-1);
      tree.samples.push(samples);
      tree.depth.push(depth + 1);
    }
    open.push({ node: child, start, end: middle }, { node: child + 1, start: middle, end });
  }
  return tree;
}

interface Split {
  readonly feature: number;
  readonly threshold: number;
  readonly missingLeft: boolean;
  /** Rows on the left, which now stand first. */
  readonly left: number;
}

/** Draws one of the features that differ in these rows, and a threshold between its least and largest value. */
function drawSplit(
  columns: readonly Float64Array[],
  rows: Uint32Array,
  features: Uint32Array,
  random: RandomStream,
): Split | undefined {
  for (let tried = 0; tried < features.length; tried++) {
    const drawn = tried + random.integer(features.length - tried);
    const feature = features[drawn]!;
    features[drawn] = features[tried]!;
    features[tried] = feature;
    const column = columns[feature]!;
    const { least, largest, missing } = spanOf(column, rows);
    if (!(largest > least) && (missing === 0 || missing === rows.length)) continue;
    const missingLeft = largest > least && random.integer(2) === 1;
    // Where the values are all the same, they part from the missing ones.
    const threshold = largest > least ? between(least, largest, random.uniform()) : Number.POSITIVE_INFINITY;
    return { feature, threshold, missingLeft, left: part(column, rows, threshold, missingLeft) };
  }
  return undefined;
}

function spanOf(column: Float64Array, rows: Uint32Array) {
  let [least, largest, missing] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < rows.length; i++) {
    const value = column[rows[i]!]!;
    if (Number.isNaN(value)) missing++;
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  return { least, largest, missing };
}

/** A number t with least ≤ t < largest. */
function between(least: number, largest: number, uniform: number): number {
  const low = Math.max(least, -LARGEST);
  const drawn = low + uniform * (Math.min(largest, LARGEST) - low);
  return drawn >= least && drawn < largest ? drawn : least;
}

function part(column: Float64Array, rows: Uint32Array, threshold: number, missingLeft: boolean): number {
  const goesLeft = (row: number) => (Number.isNaN(column[row]!) ? missingLeft : column[row]! <= threshold);
  const right = rows.filter((row) => !goesLeft(row));
  let left = 0;
  for (let i = 0; i < rows.length; i++) if (goesLeft(rows[i]!)) rows[left++] = rows[i]!;
  rows.set(right, left);
  return left;
}
