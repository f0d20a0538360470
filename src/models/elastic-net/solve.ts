import type { CoordinateDescent, CoordinatePenalties } from '../../engine/descent/coordinate-descent.js';
import { leap } from './leap.js';

export interface SolveOptions {
  /** Where to start; default 0. */
  readonly start?: Float64Array;
  /** Ends where the duality gap is at most this, as a share of y·y. */
  readonly tolerance: number;
  readonly maxPasses: number;
  readonly signal?: AbortSignal;
  /** Puts the columns of a round of visits into an order of its own; default ascending. */
  readonly arrange?: (columns: Int32Array, round: number) => void;
  /** Called after each round; true ends the solution there. */
  readonly onRound?: (state: { passes: number; objective: number; gap: number }) => boolean | void;
}

export interface ElasticNetSolution {
  readonly coefficients: Float64Array;
  /** ½·|y − x·u|² + Σ l1·|u| + ½·Σ l2·u² */
  readonly objective: number;
  /** As a share of y·y. */
  readonly gap: number;
  readonly passes: number;
}

/** Passes between two looks at the duality gap. */
const PASSES = 10;
/** Below this share of y·y no movement is one: it is rounding. */
const LEAST_MOVE = 1e-34;

/**
 * Coordinate descent with a duality gap as its proof. Columns that cannot be in the solution are put aside for good, as soon
 * as the gap shows it (Fercoq, Gramfort and Salmon, "Mind the duality gap: safer rules for the lasso", 2015; Ndiaye,
 * Fercoq, Gramfort and Salmon, "Gap safe screening rules for sparsity enforcing penalties", 2017). Of the others, those are
 * visited that have a coefficient or want one. Where visits creep, `leap` solves for all of them.
 */
export async function solveElasticNet(
  descent: CoordinateDescent,
  penalties: CoordinatePenalties,
  options: SolveOptions,
): Promise<ElasticNetSolution> {
  const { tolerance, maxPasses, signal } = options;
  const { coefficients, squares, targetSquares } = descent;
  descent.penalize(penalties);
  descent.start(options.start ?? new Float64Array(descent.columnCount));
  let live = Int32Array.from(squares.keys()).filter((j) => squares[j]! > 0);
  let passes = 0;
  let round = 0;
  let limit = 0.01 * tolerance * targetSquares;
  for (;;) {
    await descent.correlate(live, signal);
    const state = measure(descent, penalties, live);
    const gap = targetSquares > 0 ? state.gap / targetSquares : 0;
    const stop = options.onRound?.({ passes, objective: state.objective, gap }) ?? false;
    const done = gap <= tolerance || passes >= maxPasses || limit < LEAST_MOVE * targetSquares;
    if (stop || done) return { coefficients: coefficients.slice(), objective: state.objective, gap, passes };
    live = live.filter((j) => coefficients[j] !== 0 || state.mayMatter(j));
    const work = live.filter((j) => coefficients[j] !== 0 || state.wants(j));
    options.arrange?.(work, round);
    round++;
    const wanted = Math.min(PASSES, maxPasses - passes);
    const made = await descent.visit(work, limit, wanted, signal);
    passes += made;
    // Nothing moves by that much any more, yet the gap is not closed.
    if (made < wanted) limit *= 0.01;
    else if (round % (descent.hasGram ? 2 : 8) === 0) await leap(descent.engine, descent, penalties, signal);
  }
}

interface Measured {
  readonly objective: number;
  /** Not as a share. */
  readonly gap: number;
  /** Does the column, at 0, want a coefficient? */
  wants(column: number): boolean;
  /** Could the column have a coefficient in the solution? */
  mayMatter(column: number): boolean;
}

/**
 * The duality gap. The elastic net is a lasso on rows [x; √l2·I], [y; 0], whose residual, scaled until no correlation
 * exceeds its l1, is feasible in the dual; where every l2 is above 0, the residual itself is feasible in another dual.
 */
function measure(descent: CoordinateDescent, { l1, l2, positive }: CoordinatePenalties, live: Int32Array): Measured {
  const { coefficients, correlations, squares, targetSquares } = descent;
  const sized = positive ? (value: number) => value : Math.abs;
  let penalty = 0;
  let ridge = 0;
  let share = 1;
  let excess = 0;
  for (const j of live) {
    const u = coefficients[j]!;
    // Of a column on a tiny scale a penalty may be infinite, and ∞·0 is no number.
    const pulled = u === 0 ? 0 : l2[j]! * u;
    if (u !== 0) penalty += l1[j]! * Math.abs(u) + 0.5 * pulled * u;
    ridge += pulled * u;
    const scaled = sized(correlations[j]! - pulled);
    if (scaled > l1[j]!) share = Math.min(share, l1[j]! / scaled);
    const over = sized(correlations[j]!) - l1[j]!;
    if (over > 0) excess += l2[j]! > 0 ? (over * over) / (2 * l2[j]!) : Number.POSITIVE_INFINITY;
  }
  const rest = descent.residualSquares();
  const inner = descent.residualTarget();
  const objective = 0.5 * rest + penalty;
  const scaled = share * inner - 0.5 * share * share * (rest + ridge);
  const plain = inner - 0.5 * rest - excess;
  // Both duals have rounding of this order.
  const radius = Math.sqrt(2 * Math.max(0, objective - scaled) + 1e-14 * targetSquares);
  return {
    objective,
    gap: Math.max(0, objective - Math.max(scaled, plain)),
    wants: (j) => sized(correlations[j]!) > l1[j]!,
    mayMatter: (j) => share * sized(correlations[j]!) + radius * Math.sqrt(squares[j]! + l2[j]!) >= l1[j]!,
  };
}
