import type { Registers } from './interpreter.js';
import type { PairwiseCouplingOperation } from './program.js';

/** How sure a pair may be. */
const SUREST = 1e-7;

/** See PairwiseCouplingOperation: the definition. */
export function scorePairwiseCoupling(
  { inputs, outputs }: PairwiseCouplingOperation,
  registers: Registers,
  rowCount: number,
): void {
  const coupling = new PairwiseCoupling(outputs.length);
  const pairs = new Float64Array(inputs.length);
  for (let row = 0; row < rowCount; row++) {
    for (let pair = 0; pair < pairs.length; pair++) pairs[pair] = registers[inputs[pair]!]![row]!;
    const probabilities = coupling.solve(pairs);
    for (let k = 0; k < probabilities.length; k++) registers[outputs[k]!]![row] = probabilities[k]!;
  }
}

/**
 * Minimises Σ (r_ba·p_a − r_ab·p_b)² over Σp = 1, one probability after the other: algorithm 2 of Wu, Lin and Weng 2004.
 * Allocates nothing once it is made.
 */
export class PairwiseCoupling {
  readonly #probabilities: Float64Array;
  readonly #matrix: Float64Array;
  readonly #products: Float64Array;

  constructor(classCount: number) {
    this.#probabilities = new Float64Array(classCount);
    this.#matrix = new Float64Array(classCount * classCount);
    this.#products = new Float64Array(classCount);
  }

  /** The classes' probabilities; the array is overwritten by the next call. */
  solve(pairs: Float64Array): Float64Array {
    const p = this.#probabilities;
    const count = p.length;
    if (!this.#fill(pairs)) return p.fill(Number.NaN);
    p.fill(1 / count);
    const [matrix, products] = [this.#matrix, this.#products];
    for (let round = 0; round < Math.max(100, count); round++) {
      let total = 0;
      for (let a = 0; a < count; a++) {
        let product = 0;
        for (let b = 0; b < count; b++) product += matrix[a * count + b]! * p[b]!;
        products[a] = product;
        total += p[a]! * product;
      }
      let error = 0;
      for (let a = 0; a < count; a++) error = Math.max(error, Math.abs(products[a]! - total));
      if (error < 0.005 / count) break;
      for (let a = 0; a < count; a++) {
        const own = matrix[a * count + a]!;
        const difference = (total - products[a]!) / own;
        const scale = 1 + difference;
        p[a] = p[a]! + difference;
        total = (total + difference * (difference * own + 2 * products[a]!)) / scale / scale;
        for (let b = 0; b < count; b++) {
          products[b] = (products[b]! + difference * matrix[a * count + b]!) / scale;
          p[b] = p[b]! / scale;
        }
      }
    }
    return p;
  }

  /** The quadratic form; false where a pair is NaN. */
  #fill(pairs: Float64Array): boolean {
    const matrix = this.#matrix.fill(0);
    const count = this.#probabilities.length;
    let pair = 0;
    for (let a = 0; a < count; a++) {
      for (let b = a + 1; b < count; b++, pair++) {
        const given = pairs[pair]!;
        if (Number.isNaN(given)) return false;
        const first = given < SUREST ? SUREST : Math.min(given, 1 - SUREST);
        const second = 1 - first;
        matrix[a * count + a] = matrix[a * count + a]! + second * second;
        matrix[b * count + b] = matrix[b * count + b]! + first * first;
        matrix[a * count + b] = matrix[b * count + a] = -(second * first);
      }
    }
    return true;
  }
}
