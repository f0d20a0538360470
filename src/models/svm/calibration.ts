import { permutation } from '../../engine/random.js';
import type { Course } from './course.js';
import type { KernelData } from './kernel.js';
import { machineOf } from './machine.js';
import { type Pair, pairForm } from './pairs.js';

/**
 * The decision value of every row of a pair, by a machine that was fitted to the other folds. Folds are drawn by class. Where
 * the other folds have one class only, the decision is that class's side, as LIBSVM has it.
 */
export async function heldOutDecisions(
  data: KernelData,
  pair: Pair,
  costs: Float64Array,
  course: Course,
  { folds, seed, signal }: { folds: number; seed: number; signal?: AbortSignal },
): Promise<Float64Array> {
  const foldOf = drawFolds(pair, folds, seed);
  const decisions = new Float64Array(pair.rows.length);
  using all = data.select(pair.rows);
  for (let fold = 0; fold < folds; fold++) {
    const places = (wanted: boolean) =>
      Int32Array.from(Array.from(foldOf.keys()).filter((i) => (foldOf[i] === fold) === wanted));
    const [held, learnt] = [places(true), places(false)];
    const sides = Float64Array.from(learnt, (i) => pair.sides[i]!);
    if (held.length === 0) {
      course.skip();
      continue;
    }
    if (learnt.length === 0 || sides.every((side) => side === sides[0])) {
      course.skip();
      for (const i of held) decisions[i] = sides[0] ?? 0;
      continue;
    }
    const rows = Uint32Array.from(learnt, (i) => pair.rows[i]!);
    const solution = await course.solve(pairForm(data, rows, sides, costs), false);
    const machine = machineOf(solution, Uint32Array.from(learnt));
    const sums = await all.expand(held, Int32Array.from(machine.rows), machine.coefficients, signal);
    held.forEach((i, place) => {
      decisions[i] = sums[place]! + machine.intercept;
    });
  }
  return decisions;
}

/** The fold of each row: every class is shuffled and dealt out. */
function drawFolds({ first, second, sides }: Pair, folds: number, seed: number): Uint8Array {
  const foldOf = new Uint8Array(sides.length);
  let dealt = 0;
  for (const side of [-1, 1]) {
    const places = Array.from(sides.keys()).filter((i) => sides[i] === side);
    const order = permutation(seed, ['svm-folds', first, second, side + 1], places.length);
    for (const place of order) foldOf[places[place]!] = dealt++ % folds;
  }
  return foldOf;
}
