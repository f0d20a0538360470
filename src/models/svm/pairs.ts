import type { DualForm } from '../../engine/descent/dual-problem.js';
import type { Target } from '../features.js';
import type { KernelData } from './kernel.js';

/** Two classes, the rows of both, and on which side each is: −1 of the first class, 1 of the second. */
export interface Pair {
  readonly first: number;
  readonly second: number;
  readonly rows: Uint32Array;
  readonly sides: Float64Array;
}

/** Every pair of the classes that have rows of some cost, in the order (0, 1), (0, 2) … (1, 2) … */
export function pairsOf({ values, classes }: Target, costs: Float64Array): Pair[] {
  const rowsOf = classes!.map(() => [] as number[]);
  for (let row = 0; row < values.length; row++) if (costs[row]! > 0) rowsOf[values[row]!]!.push(row);
  const pairs: Pair[] = [];
  for (let first = 0; first < rowsOf.length; first++) {
    for (let second = first + 1; second < rowsOf.length; second++) {
      const [left, right] = [rowsOf[first]!, rowsOf[second]!];
      if (left.length === 0 || right.length === 0) continue;
      const rows = Uint32Array.from(left.concat(right));
      const sides = new Float64Array(rows.length).fill(-1).fill(1, left.length);
      pairs.push({ first, second, rows, sides });
    }
  }
  return pairs;
}

/** LIBSVM's C-SVC in the variables β = side·α. */
export function pairForm(data: KernelData, rows: Uint32Array, sides: Float64Array, costs: Float64Array): DualForm {
  return {
    rows: data.select(rows),
    linear: sides,
    lower: sides.map((side, i) => (side < 0 ? -costs[rows[i]!]! : 0)),
    upper: sides.map((side, i) => (side > 0 ? costs[rows[i]!]! : 0)),
    epsilon: 0,
  };
}
