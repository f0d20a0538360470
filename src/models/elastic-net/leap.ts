import type { CoordinateDescent, CoordinatePenalties } from '../../engine/descent/coordinate-descent.js';
import type { Engine } from '../../engine/engine.js';
import { cholesky, choleskySolve } from '../../engine/linear-algebra.js';

/** Coefficients that may be solved for at once. */
const MOST_COLUMNS = 512;
/** Solutions a leap: each but the last brought a coefficient to 0. */
const MOST_TURNS = 8;
/** Added to the diagonal, as a share of it: columns that depend on each other have an answer too. */
const DAMPING = 1e-10;

/**
 * Where columns go together, visits creep. Among coefficients that keep their signs the objective is quadratic: this goes
 * to its minimum, or as far as the first sign changes; there the coefficient stays at 0, and the rest goes on. The
 * objective never rises.
 */
export async function leap(
  engine: Engine,
  descent: CoordinateDescent,
  { l1, l2 }: CoordinatePenalties,
  signal?: AbortSignal,
): Promise<void> {
  const u = descent.coefficients.slice();
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const active = Int32Array.from(u.keys()).filter((j) => u[j] !== 0);
    if (active.length < 2 || active.length > MOST_COLUMNS) return;
    await descent.correlate(active, signal);
    const size = active.length;
    const gram = descent.gramOf(active);
    const right = Float64Array.from(
      active,
      (j) => descent.correlations[j]! - l2[j]! * u[j]! - l1[j]! * Math.sign(u[j]!),
    );
    active.forEach((j, k) => {
      gram[k * size + k] = gram[k * size + k]! * (1 + DAMPING) + l2[j]!;
    });
    const factor = await cholesky(engine, gram, size, { tolerance: 1e-15, signal });
    if (!factor) return;
    const direction = choleskySolve(factor, right);
    let share = 1;
    let first = -1;
    active.forEach((j, k) => {
      const crossing = -u[j]! / direction[k]!;
      if (crossing > 0 && crossing < share) [share, first] = [crossing, j];
    });
    if (!direction.every(Number.isFinite)) return;
    active.forEach((j, k) => {
      u[j] = j === first ? 0 : u[j]! + share * direction[k]!;
    });
    descent.start(u);
    if (first < 0) return;
  }
}
