import type { Engine } from '../../engine/engine.js';
import type { Scaling } from '../../engine/linear-algebra.js';
import { standardScaling } from '../../engine/row-matrix.js';
import { throwIfCancelled } from '../../errors.js';
import type { Convergence, FitOptions, HistoryPoint } from '../../table/interfaces.js';
import type { Deadline } from '../../training/deadline.js';
import { convergenceOf } from '../../training/verdict.js';
import { type DualProblem, solveDual } from './dual.js';

/** One decision function and how it was found. */
export interface FittedFunction {
  readonly coefficients: Float64Array;
  readonly intercept: number;
  readonly history: readonly HistoryPoint[];
  readonly convergence: Convergence;
}

export interface FitContext {
  readonly engine: Engine;
  readonly options: FitOptions;
  readonly deadline: Deadline;
  readonly seed: number;
  readonly tol: number;
  readonly maxIter: number;
  /** Functions in all, and how many are fitted: progress counts all of their passes. */
  readonly share: { readonly of: number; readonly at: number };
}

/** How the parameters name the intercept. */
export function interceptOf({
  fitIntercept,
  interceptScaling,
}: {
  fitIntercept: boolean;
  interceptScaling: number | null;
}): DualProblem['intercept'] {
  return fitIntercept ? (interceptScaling ?? 'free') : null;
}

/** Solves in the dual. Where the intercept is free, centring the columns moves nothing but it. */
export async function fitDual(problem: DualProblem, context: FitContext): Promise<FittedFunction> {
  const { engine, options, deadline, seed, tol, maxIter, share } = context;
  const { signal, onProgress } = options;
  const history: HistoryPoint[] = [];
  const total = problem.costs.reduce((sum, cost) => sum + cost, 0);
  const scaling = await shiftsOf(problem, signal);
  const solution = await solveDual(engine, problem, scaling, {
    tolerance: tol,
    maxPasses: maxIter,
    seed,
    signal,
    onRound: ({ passes, objective }) => {
      const loss = objective / total;
      history.push({ iteration: history.length + 1, loss });
      const done = share.at * maxIter + Math.max(1, passes);
      onProgress?.({ what: 'pass', done, total: share.of * maxIter, metrics: { loss } });
      throwIfCancelled(signal);
      return deadline.passed;
    },
  });
  const { coefficients, intercept, gap } = solution;
  return { coefficients, intercept, history, convergence: convergenceOf('duality gap', gap, tol) };
}

async function shiftsOf({ columns, costs, intercept }: DualProblem, signal: AbortSignal | undefined): Promise<Scaling> {
  const ones = new Float64Array(columns.length).fill(1);
  if (intercept !== 'free') return { shifts: new Float64Array(columns.length), scales: ones };
  const { shifts } = await standardScaling(columns, { weights: costs, centred: true, signal });
  return { shifts, scales: ones };
}

/** The learning curves of several functions as one: their mean, and the last value of those that ended earlier. */
export function meanHistory(functions: readonly FittedFunction[]): HistoryPoint[] {
  const length = functions.reduce((most, { history }) => Math.max(most, history.length), 0);
  return Array.from({ length }, (_, i) => {
    const losses = functions.map(({ history }) => history[Math.min(i, history.length - 1)]!.loss);
    return { iteration: i + 1, loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length };
  });
}

/** The certificate of the function that is furthest from its optimum. */
export function worstConvergence(functions: readonly FittedFunction[]): Convergence {
  return functions
    .map(({ convergence }) => convergence)
    .reduce((worst, next) => (next.value > worst.value ? next : worst));
}
