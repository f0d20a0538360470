import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { throwIfCancelled } from '../../errors.js';
import { exp, log } from '../../kernels/elementary.js';
import { checkParameters } from '../../parameters.js';
import type { FitOptions } from '../../table/interfaces.js';
import { featureColumns, requireFinite, targetOf, weightsOf } from '../features.js';
import { elasticNetCvParameters } from './parameters.js';
import { ElasticNetProblem } from './problem.js';
import { type ElasticNetSolution, type SolveOptions, solveElasticNet } from './solve.js';

export interface PathOptions extends FitOptions {
  /** Default 0.5; of `lassoPath` 1. */
  readonly l1Ratio?: number;
  /** The weakest penalty as a share of the strongest; default 1e-3. */
  readonly eps?: number;
  /** Default 100. */
  readonly nAlphas?: number;
  /** Penalties of one's own, solved from the largest to the smallest. */
  readonly alphas?: readonly number[];
  readonly fitIntercept?: boolean;
  readonly standardize?: boolean;
  readonly positive?: boolean;
  readonly tol?: number;
  readonly maxIter?: number;
}

/** Solutions for one penalty after the other, the strongest first. */
export interface RegularizationPath {
  readonly features: readonly string[];
  readonly alphas: readonly number[];
  /** By alpha: one a feature, in the units of the data. */
  readonly coefficients: readonly Float64Array[];
  readonly intercepts: Float64Array;
  /** Duality gaps, as shares of the squared deviation of the target. */
  readonly gaps: Float64Array;
  /** Passes over the columns. */
  readonly passes: Int32Array;
}

/**
 * Coefficients of the elastic net along a path of penalties, each solution started from the one before.
 * @throws LanewiseError as fitting does
 */
export async function enetPath(table: Table, options: PathOptions = {}): Promise<RegularizationPath> {
  const { l1Ratio = 0.5, eps, nAlphas, alphas, fitIntercept, standardize, positive, tol, maxIter } = options;
  const given = { l1Ratio: [l1Ratio], eps, nAlphas, alphas, fitIntercept, standardize, positive, tol, maxIter };
  const parameters = checkParameters('enetPath', elasticNetCvParameters, given);
  throwIfCancelled(options.signal);
  const columns = featureColumns(table, options);
  const target = targetOf(table, options, 'regression').values;
  const weights = weightsOf(table, options);
  requireFinite('elastic-net', columns);
  const engine = options.engine ?? (await defaultEngine());
  const rows = { columns: columns.map(({ values }) => values), target, weights };
  using problem = await ElasticNetProblem.of(engine, rows, parameters, options.signal);
  const tried = await alphasOf(problem, parameters, l1Ratio, options.signal);
  const solutions = await solvePath(
    problem,
    tried,
    { l1Ratio, positive: parameters.positive },
    {
      tolerance: parameters.tol,
      maxPasses: parameters.maxIter,
      signal: options.signal,
      onAlpha: (done) => options.onProgress?.({ what: 'alpha', done, total: tried.length }),
    },
  );
  const functions = solutions.map(({ coefficients }) => problem.functionOf(coefficients));
  return {
    features: columns.map(({ name }) => name),
    alphas: tried,
    coefficients: functions.map(({ coefficients }) => coefficients),
    intercepts: Float64Array.from(functions, ({ intercept }) => intercept),
    gaps: Float64Array.from(solutions, ({ gap }) => gap),
    passes: Int32Array.from(solutions, ({ passes }) => passes),
  };
}

/** `enetPath` with the L1 penalty alone. */
export function lassoPath(table: Table, options: Omit<PathOptions, 'l1Ratio'> = {}): Promise<RegularizationPath> {
  return enetPath(table, { ...options, l1Ratio: 1 });
}

/** The penalties to be tried, the largest first: those given, or in equal ratios from the one at which all is 0. */
export async function alphasOf(
  problem: ElasticNetProblem,
  options: { alphas: readonly number[] | null; eps: number; nAlphas: number; positive: boolean },
  l1Ratio: number,
  signal?: AbortSignal,
): Promise<number[]> {
  const { alphas, eps, nAlphas, positive } = options;
  if (alphas) return alphas.toSorted((a, b) => b - a);
  const largest = await problem.largestAlpha(l1Ratio, positive, signal);
  const step = nAlphas > 1 ? log(eps) / (nAlphas - 1) : 0;
  return Array.from({ length: nAlphas }, (_, k) => largest * exp(k * step));
}

export interface PathSolveOptions extends Omit<SolveOptions, 'start' | 'onRound'> {
  /** Called after each alpha; true ends the path there. */
  readonly onAlpha?: (done: number) => boolean | void;
}

/** Solves for one alpha after the other, each from the solution before. */
export async function solvePath(
  problem: ElasticNetProblem,
  alphas: readonly number[],
  { l1Ratio, positive }: { l1Ratio: number; positive: boolean },
  { onAlpha, ...options }: PathSolveOptions,
): Promise<ElasticNetSolution[]> {
  const solutions: ElasticNetSolution[] = [];
  for (const alpha of alphas) {
    const start = solutions.at(-1)?.coefficients;
    const penalties = problem.penalties({ alpha, l1Ratio, positive });
    solutions.push(await solveElasticNet(problem.descent, penalties, { ...options, start }));
    if (onAlpha?.(solutions.length)) break;
  }
  return solutions;
}
