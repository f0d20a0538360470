import { type DualForm, type DualPoint, DualProblem, type DualState } from '../../engine/descent/dual-problem.js';
import type { Engine } from '../../engine/engine.js';
import { throwIfCancelled } from '../../errors.js';
import type { Deadline } from '../../training/deadline.js';
import type { SolverParameters } from './parameters.js';

export interface SolveOptions extends SolverParameters {
  readonly engine: Engine;
  readonly deadline: Deadline;
  readonly signal?: AbortSignal;
  /** Where an earlier solving of the same problem stood. */
  readonly resume?: SolverState;
  /** Called after each round; where there are more to come, `state` gives what `resume` takes. */
  readonly onRound?: (round: Round, state: (() => SolverState) | undefined) => Promise<void>;
}

export interface SolverState extends DualState {
  /** How often variables had to be taken back. */
  readonly restores: number;
}

/** How far a solution is. */
export interface Round {
  readonly iterations: number;
  readonly objective: number;
  readonly violation: number;
}

export interface DualSolution extends DualPoint, Round {
  /** The function's constant: what free variables agree on, or the middle of what the others allow. */
  readonly intercept: number;
}

/** Iterations between two looks at what can be set aside, as LIBSVM. */
const ROUND = 1000;
/** After so many mistaken removals nothing is set aside any more. */
const MOST_RESTORES = 5;

/**
 * Solves a dual problem: rounds of pairs, variables set aside between them, and all of them looked at again at the end.
 * Ends where the largest violation over all variables is at most `tol`, at maxIter, or at the deadline. Disposes the rows.
 */
export async function solveDual(form: DualForm, options: SolveOptions): Promise<DualSolution> {
  const { engine, tol, maxIter, shrinking, cacheSize, deadline, signal, resume, onRound } = options;
  const { count } = form.rows;
  const limit = maxIter < 0 ? Math.min(2e9, Math.max(1e7, 100 * count)) : maxIter;
  using problem = await DualProblem.create(engine, form, cacheSize * 2 ** 20, { resume, signal });
  let restores = resume?.restores ?? 0;
  for (;;) {
    const end = await problem.advance(Math.min(limit, problem.iterations + Math.min(count, ROUND)), tol, signal);
    const { iterations, objective, violation } = problem;
    const unfinished = end === 'iterations' && iterations < limit && !deadline.passed;
    if (unfinished && shrinking && restores < MOST_RESTORES) await problem.shrink(signal);
    const state = () => ({ ...problem.snapshot(), restores });
    await onRound?.({ iterations, objective, violation }, unfinished ? state : undefined);
    throwIfCancelled(signal);
    if (unfinished) continue;
    const back = await problem.restore(tol, signal);
    if (back === 0 || end === 'iterations') break;
    restores++;
  }
  const point = problem.point();
  const { iterations, objective } = problem;
  const violation = Math.max(0, point.highest - point.lowest);
  return { ...point, iterations, objective, violation, intercept: interceptOf(form, point) };
}

function interceptOf({ lower, upper, epsilon }: DualForm, { beta, scores, highest, lowest }: DualPoint): number {
  let [sum, free] = [0, 0];
  for (let row = 0; row < beta.length; row++) {
    const value = beta[row]!;
    if (!(value > lower[row]! && value < upper[row]!) || (epsilon > 0 && value === 0)) continue;
    sum += scores[row]! - (value > 0 ? epsilon : -epsilon);
    free++;
  }
  if (free > 0) return sum / free;
  // A side without variables says nothing.
  if (highest === Number.NEGATIVE_INFINITY) return lowest === Number.POSITIVE_INFINITY ? 0 : lowest;
  return lowest === Number.POSITIVE_INFINITY ? highest : (highest + lowest) / 2;
}
