import type { FeatureBins } from '#lanewise/models/binning/index.js';
import type { RegisterColumn } from '#lanewise/table/columns.js';

interface Options {
  readonly trees: number;
  readonly leaves: number;
  readonly minSamples: number;
  readonly rate: number;
  readonly weights?: Float64Array;
  /** Default: the squared error. Tweedie deviances are under the log link: raw predictions are compared. */
  readonly power?: number;
}

interface Leaf {
  rows: number[];
  split?: { gain: number; feature: number; threshold: number };
  value: number;
  left?: Leaf;
  right?: Leaf;
}

/**
 * Boosting of squared error or Tweedie deviance with f64 sums, by the book: no quantisation, no histogram subtraction, numeric features without
 * gaps. Returns the prediction of a row.
 */
export function boostNaively(
  columns: readonly RegisterColumn[],
  bins: readonly FeatureBins[],
  targets: Float64Array,
  options: Options,
): (columns: readonly RegisterColumn[], row: number) => number {
  const weights = options.weights ?? new Float64Array(targets.length).fill(1);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const base = targets.reduce((sum, target, row) => sum + weights[row]! * target, 0) / total;
  const start = options.power === undefined ? base : Math.log(base);
  const raw = new Float64Array(targets.length).fill(start);
  const trees: Leaf[] = [];
  for (let round = 0; round < options.trees; round++) {
    const [gradients, hessians] = derivatives(raw, targets, weights, options.power);
    const tree = grow(columns, bins, gradients, hessians, options);
    for (let row = 0; row < raw.length; row++) raw[row]! += predictOne(tree, columns, row);
    trees.push(tree);
  }
  return (given, row) => trees.reduce((sum, tree) => sum + predictOne(tree, given, row), start);
}

function derivatives(raw: Float64Array, targets: Float64Array, weights: Float64Array, power: number | undefined) {
  if (power === undefined) return [raw.map((z, row) => weights[row]! * (z - targets[row]!)), weights] as const;
  const observed = raw.map((z, row) => weights[row]! * targets[row]! * Math.exp((1 - power) * z));
  const fitted = raw.map((z, row) => weights[row]! * Math.exp((2 - power) * z));
  const gradients = fitted.map((value, row) => value - observed[row]!);
  return [gradients, fitted.map((value, row) => (2 - power) * value + (power - 1) * observed[row]!)] as const;
}

function predictOne(tree: Leaf, columns: readonly RegisterColumn[], row: number): number {
  let node = tree;
  while (node.left)
    node = columns[node.split!.feature]!.values[row]! <= node.split!.threshold ? node.left : node.right!;
  return node.value;
}

function grow(
  columns: readonly RegisterColumn[],
  bins: readonly FeatureBins[],
  gradients: Float64Array,
  hessians: Float64Array,
  { leaves: mostLeaves, minSamples, rate, power }: Options,
): Leaf {
  // The bound of src/models/gradient-boosting/kernel-losses.ts.
  const most = (g: number, h: number) => {
    const [observed, fitted] = [h - (2 - power!) * g, h + (power! - 1) * g];
    const bounded = power !== undefined && observed > 0 && fitted > 0;
    return bounded ? Math.max(4, Math.abs(Math.log(observed / fitted))) : Number.POSITIVE_INFINITY;
  };
  const sums = (rows: readonly number[]) => {
    let [g, h] = [0, 0];
    for (const row of rows) {
      g += gradients[row]!;
      h += hessians[row]!;
    }
    return { g, h };
  };
  const leafOf = (rows: number[]): Leaf => {
    const { g, h } = sums(rows);
    let split: Leaf['split'];
    bins.forEach(({ edges }, feature) => {
      const values = columns[feature]!.values;
      const sorted = [...rows].sort((a, b) => values[a]! - values[b]!);
      let [left, count, at] = [{ g: 0, h: 0 }, 0, 0];
      for (const threshold of edges) {
        for (; at < sorted.length && values[sorted[at]!]! <= threshold; at++, count++) {
          left = { g: left.g + gradients[sorted[at]!]!, h: left.h + hessians[sorted[at]!]! };
        }
        if (count < minSamples || rows.length - count < minSamples || left.h < 1e-3 || h - left.h < 1e-3) continue;
        const gain = left.g ** 2 / left.h + (g - left.g) ** 2 / (h - left.h) - g ** 2 / h;
        if (gain > (split?.gain ?? 0)) split = { gain, feature, threshold };
      }
    });
    return { rows, split, value: rate * Math.min(Math.max(-g / h, -most(g, h)), most(g, h)) };
  };
  const root = leafOf([...gradients.keys()]);
  const open = [root];
  for (let leaves = 1; leaves < mostLeaves; leaves++) {
    const best = open.filter((leaf) => leaf.split && !leaf.left).sort((a, b) => b.split!.gain - a.split!.gain)[0];
    if (!best) break;
    const { feature, threshold } = best.split!;
    best.left = leafOf(best.rows.filter((row) => columns[feature]!.values[row]! <= threshold));
    best.right = leafOf(best.rows.filter((row) => columns[feature]!.values[row]! > threshold));
    open.push(best.left, best.right);
  }
  return root;
}
