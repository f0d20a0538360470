import type { Engine } from '../engine/engine.js';
import {
  blockSum,
  type DesignMatrix,
  type LinearLossName,
  LinearProblem,
  type Scaling,
} from '../engine/linear-algebra.js';
import { invalid } from '../errors.js';
import type { RegisterColumn } from '../table/columns.js';
import type { Convergence, FitOptions, HistoryPoint } from '../table/interfaces.js';
import { minimizeOrthantWise, minimizeProximalNewton } from '../training/composite.js';
import { Deadline } from '../training/deadline.js';
import { minimizeLbfgs } from '../training/lbfgs.js';
import { minimizeNewton, minimizeNewtonCg } from '../training/newton.js';
import { largestOf, type MinimizeOptions, type Minimum } from '../training/objective.js';
import { convergenceOf } from '../training/verdict.js';
import { requireFinite } from './features.js';
import { PenalizedCheckpoint } from './penalized-checkpoint.js';
import { PenalizedLoss, type Penalties } from './penalized-loss.js';
import { openProblem } from './smooth-problem.js';
import { mixedFeatures } from './texts.js';
import type { ValidationRows } from './validation.js';

/** Coefficients up to which the whole curvature is worth its cost: beyond, limited memory is faster. */
const NEWTON_SIZE = 256;
/** The same of several classes, where each pair has a part of the Hessian. */
const NEWTON_CLASSES_SIZE = 128;
/** Rows of the sample from which large fits start. */
const SAMPLE_ROWS = 65_536;
/** Coefficients up to which an L1 penalty is met by a quadratic model. */
const MODEL_SIZE = 1024;

export const solverNames = ['auto', 'lbfgs', 'newton-cholesky', 'newton-cg'] as const;

/** What a smooth loss of a linear model is fitted to. */
export interface PenalizedProblem {
  readonly loss: LinearLossName;
  readonly a?: number;
  readonly b?: number;
  /** Numbers; of logistic and softmax losses texts too. Features are the numbers, then the texts' terms. */
  readonly columns: readonly RegisterColumn[];
  readonly target: Float64Array;
  readonly weights: Float64Array | undefined;
  readonly classCount?: number;
  /** Of ½·Σ coefficient² and of Σ |coefficient|, beside the mean loss, in the units of the data. */
  readonly l2: number;
  readonly l1: number;
  readonly fitIntercept: boolean;
  readonly solver: string;
  readonly tolerance: number;
  readonly maxIterations: number;
  /** The intercept of each output to start from; default 0. */
  readonly intercepts?: Float64Array;
  readonly validation?: ValidationRows;
}

export interface PenalizedFit {
  /** Output by output: the coefficients of the scaled columns, then the intercept. */
  readonly minimum: Minimum;
  readonly scaling: Scaling;
  /** By feature: its standard deviation in the units of the scaling, where these do not make it 1. */
  readonly spreads?: Float64Array;
  readonly history: readonly HistoryPoint[];
  readonly convergence: Convergence;
  /** Were columns collinear, so that the data leave several solutions? */
  readonly singular: boolean;
  /** The inverse of the Hessian of the summed loss, where it was asked for. */
  readonly covariance?: (right: Float64Array) => Float64Array;
  /** Beside it: how far Newton's next step would move a coefficient. */
  readonly furtherStep?: number;
  /** Of texts without a penalty: does the boundary part the rows of the classes? */
  readonly parted?: boolean;
  readonly outOfTime: boolean;
  readonly seconds: number | undefined;
  readonly totalWeight: number;
}

/**
 * Minimises mean loss + penalties: by Newton's method, L-BFGS or conjugate gradients where there is no L1 penalty, else by
 * proximal Newton or orthant-wise L-BFGS.
 * @param withCovariance true: the inverse Hessian at the end, for standard errors
 */
export async function fitPenalized(
  engine: Engine,
  problem: PenalizedProblem,
  options: FitOptions,
  withCovariance = false,
): Promise<PenalizedFit> {
  const { signal } = options;
  const { weights, fitIntercept, target, loss, a, b, classCount } = problem;
  const deadline = new Deadline(options.timeBudget);
  const rows = target.length;
  const solver = solverOf(problem);
  const sampled = samples(problem, solver);
  const curvature = withCovariance || !(sampled || ['lbfgs', 'orthant-wise'].includes(solver));
  using opened = await openProblem(engine, problem.columns, target, {
    ...{ loss, a, b, classCount, weights, curvature, signal },
    centred: fitIntercept,
  });
  const { smooth, scaling, spreads, meanSquares } = opened;
  const totalWeight = weights ? blockSum(rows, (row) => weights[row]!) : rows;
  const penalties = {
    l2: scaling.scales.map((scale) => problem.l2 / scale / scale),
    l1: scaling.scales.map((scale) => problem.l1 / scale),
  };
  const objective = new PenalizedLoss(smooth, totalWeight, penalties, fitIntercept, signal);
  using validation = await validationLoss(engine, problem, scaling, options);
  const checkpoint = await PenalizedCheckpoint.of(options, problem);
  const kept = await checkpoint?.load();
  const history: HistoryPoint[] = [...(kept?.history ?? [])];
  const minimizing: MinimizeOptions = {
    tolerance: problem.tolerance,
    diagonal: objective.diagonal(curvatureOf(problem), meanSquares),
    maxIterations: problem.maxIterations,
    stop: () => deadline.passed,
    resume: kept?.descent,
    onState: async (stateOf) => checkpoint?.save(stateOf, history, deadline.passed),
    onIteration: async (iteration, value, point) => {
      const metrics = { loss: value, ...(validation && { validationLoss: await validation.at(point) }) };
      history.push({ iteration, ...metrics });
      options.onProgress?.({ what: 'iteration', done: iteration, total: problem.maxIterations, metrics });
    },
  };
  const start = startOf(problem, objective.dimension);
  const near = sampled && opened.design && (await sampleMinimum(opened.design, problem, penalties, start, signal));
  const minimum = sampled
    ? await minimizeLbfgs(objective, near ? near.point : start, { ...minimizing, ...(near && { metric: near.metric }) })
    : await minimizers[solver](objective, start, minimizing);
  const outOfTime = deadline.passed && !minimum.converged;
  // With more time the same fit goes on.
  if (!outOfTime) await checkpoint?.clear();
  const certificate = problem.l1 > 0 ? 'subgradient norm' : 'gradient norm';
  const { singular } = objective;
  const parted = problem.l1 + problem.l2 === 0 && (await opened.parts?.(minimum.point));
  return {
    minimum,
    scaling,
    ...(spreads && { spreads }),
    history,
    convergence: convergenceOf(certificate, minimum.largestDerivative, problem.tolerance),
    singular,
    ...(parted && { parted }),
    ...(withCovariance && (await covarianceOf(objective, minimum.point, totalWeight))),
    outOfTime,
    seconds: deadline.seconds,
    totalWeight,
  };
}

/** The second derivative of a row's loss by its margin, as it is about the start. */
function curvatureOf({ loss, classCount = 2 }: PenalizedProblem): number {
  return loss === 'logistic' || loss === 'softmax' ? (classCount - 1) / (classCount * classCount) : 1;
}

/** Are there rows enough that a sample of them tells nearly all, its curvature included? */
function samples({ target, solver, l1, l2, weights }: PenalizedProblem, chosen: string): boolean {
  const enough = target.length >= 8 * SAMPLE_ROWS && !weights;
  return solver === 'auto' && chosen === 'newton' && l1 === 0 && l2 > 0 && enough;
}

/**
 * The minimum on a sample of the rows, by Newton's method, and the inverse of its Hessian: from there gradients alone lead
 * to the minimum on all rows, a few of them. Undefined where the sample has none.
 */
async function sampleMinimum(
  whole: DesignMatrix,
  { loss, target, a, b, classCount, fitIntercept }: PenalizedProblem,
  penalties: Penalties,
  start: Float64Array,
  signal: AbortSignal | undefined,
): Promise<{ point: Float64Array; metric: (vector: Float64Array) => Float64Array } | undefined> {
  const { design, pick } = whole.sample(SAMPLE_ROWS);
  using held = design;
  using linear = new LinearProblem(held, loss, pick(target), { classCount, curvature: true, a, b });
  const objective = new PenalizedLoss(linear, held.rowCount, penalties, fitIntercept, signal);
  const { point, converged } = await minimizeNewton(objective, start, { tolerance: 1e-3, maxIterations: 25 });
  if (!converged) return undefined;
  await objective.evaluate(point);
  return { point, metric: await objective.inverse() };
}

async function covarianceOf(objective: PenalizedLoss, point: Float64Array, totalWeight: number) {
  const { gradient } = await objective.evaluate(point);
  const inverse = await objective.inverse();
  return {
    covariance: (right: Float64Array) => inverse(right).map((value) => value / totalWeight),
    furtherStep: largestOf(inverse(gradient)),
  };
}

const minimizers = {
  lbfgs: minimizeLbfgs,
  newton: minimizeNewton,
  'newton-cg': minimizeNewtonCg,
  'proximal-newton': minimizeProximalNewton,
  'orthant-wise': minimizeOrthantWise,
} as const satisfies Record<
  string,
  (objective: PenalizedLoss, start: Float64Array, options: MinimizeOptions) => Promise<Minimum>
>;

function solverOf({ solver, columns, classCount = 1, loss, l1 }: PenalizedProblem): keyof typeof minimizers {
  const outputs = loss === 'softmax' ? classCount : 1;
  const size = outputs * (mixedFeatures(columns).count + 1);
  if (columns.some(({ type }) => type === 'text')) return sparseSolver(solver, l1);
  if (l1 > 0) {
    if (solver === 'newton-cg') throw invalid('solver', 'auto, lbfgs or newton-cholesky for an L1 penalty', solver);
    const modelled = solver === 'auto' ? size <= MODEL_SIZE : solver === 'newton-cholesky';
    return modelled ? 'proximal-newton' : 'orthant-wise';
  }
  if (solver === 'newton-cholesky') return 'newton';
  if (solver !== 'auto') return solver as 'lbfgs' | 'newton-cg';
  return size <= (outputs > 1 ? NEWTON_CLASSES_SIZE : NEWTON_SIZE) ? 'newton' : 'lbfgs';
}

/** The terms of texts are too many for a whole curvature. */
function sparseSolver(solver: string, l1: number): 'lbfgs' | 'newton-cg' | 'orthant-wise' {
  const able = l1 > 0 ? ['auto', 'lbfgs'] : ['auto', 'lbfgs', 'newton-cg'];
  if (!able.includes(solver)) throw invalid('solver', `${able.join(' or ')} for texts`, solver);
  if (l1 > 0) return 'orthant-wise';
  return solver === 'newton-cg' ? 'newton-cg' : 'lbfgs';
}

function startOf({ columns, intercepts }: PenalizedProblem, dimension: number): Float64Array {
  const start = new Float64Array(dimension);
  const { count } = mixedFeatures(columns);
  intercepts?.forEach((value, k) => {
    start[k * (count + 1) + count] = value;
  });
  return start;
}

interface ValidationLoss extends Disposable {
  at(point: Float64Array): Promise<number>;
}

/** The mean loss on rows that are not learnt from. */
async function validationLoss(
  engine: Engine,
  { loss, a, b, classCount, validation }: PenalizedProblem,
  scaling: Scaling,
  { signal }: FitOptions,
): Promise<ValidationLoss | undefined> {
  if (!validation || validation.target.length === 0) return undefined;
  const { columns, target, weights } = validation;
  requireFinite('linear', columns);
  const given = { loss, a, b, classCount, weights, scaling, signal, centred: true };
  const opened = await openProblem(engine, columns, target, given);
  const total = weights ? blockSum(target.length, (row) => weights[row]!) : target.length;
  return {
    at: async (point) => (await opened.smooth.evaluate(point, signal)).loss / total,
    [Symbol.dispose]: () => opened[Symbol.dispose](),
  };
}
