import type { Table } from 'apache-arrow';
import type { Engine } from '../../engine/engine.js';
import { kFold } from '../../evaluate/splitter.js';
import type { Context, PenaltySearch } from '../../table/interfaces.js';
import type { Deadline } from '../../training/deadline.js';
import { seedOf } from '../seed.js';
import { alphasOf, solvePath } from './path.js';
import { ElasticNetProblem, type Rows } from './problem.js';
import type { SolveOptions } from './solve.js';

/** What is tried in cross-validation. */
export interface PenaltyGrid {
  readonly l1Ratios: readonly number[];
  readonly alphas: readonly number[] | null;
  readonly eps: number;
  readonly nAlphas: number;
  readonly cv: number;
  readonly shuffle: boolean;
}

interface Settings extends PenaltyGrid {
  readonly target: string;
  readonly fitIntercept: boolean;
  readonly standardize: boolean;
  readonly positive: boolean;
  readonly randomState: number;
}

/**
 * The mean squared error of every penalty on every fold, and the penalty whose mean over the folds is least (the strongest
 * of equals). The penalties are those of all rows, so that every fold tries the same.
 */
export async function crossValidatePenalty(
  problem: ElasticNetProblem,
  table: Table,
  rows: Rows,
  settings: Settings,
  solving: SolveOptions,
  context: Context & { readonly engine: Engine; readonly deadline: Deadline },
): Promise<PenaltySearch> {
  const { l1Ratios, cv, positive, target } = settings;
  const { signal, engine, deadline, onProgress } = context;
  const splitter = kFold({ folds: cv, shuffle: settings.shuffle });
  const folds = splitter.split(table, { target, seed: seedOf(settings.randomState, context) });
  const alphas: number[][] = [];
  for (const l1Ratio of l1Ratios) alphas.push(await alphasOf(problem, settings, l1Ratio, signal));
  const errors = alphas.map((tried) => tried.map((): number[] => []));
  const total = folds.length * l1Ratios.length;
  let done = 0;
  for (const fold of folds) {
    using part = await ElasticNetProblem.of(engine, takeRows(rows, fold.train), settings, signal);
    const held = takeRows(rows, fold.test);
    for (const [r, l1Ratio] of l1Ratios.entries()) {
      const options = { ...solving, onAlpha: () => deadline.passed };
      const solutions = await solvePath(part, alphas[r]!, { l1Ratio, positive }, options);
      const found = await part.errorsOn(
        held,
        solutions.map(({ coefficients }) => coefficients),
        signal,
      );
      found.forEach((error, k) => {
        errors[r]![k]!.push(error);
      });
      onProgress?.({ what: 'path', done: ++done, total });
    }
    if (deadline.passed) break;
  }
  return { ...best(l1Ratios, alphas, errors), folds: splitter.name, l1Ratios, alphas, meanSquaredErrors: errors };
}

function best(l1Ratios: readonly number[], alphas: readonly number[][], errors: readonly number[][][]) {
  const tried = errors.flat().reduce((most, found) => Math.max(most, found.length), 0);
  let least = Number.POSITIVE_INFINITY;
  let choice = { alpha: alphas[0]![0]!, l1Ratio: l1Ratios[0]! };
  errors.forEach((ofRatio, r) => {
    ofRatio.forEach((found, k) => {
      // A time budget may have ended the paths of the last fold.
      if (found.length < tried) return;
      const mean = found.reduce((sum, error) => sum + error, 0) / found.length;
      if (!(mean < least)) return;
      least = mean;
      choice = { alpha: alphas[r]![k]!, l1Ratio: l1Ratios[r]! };
    });
  });
  return choice;
}

function takeRows({ columns, target, weights }: Rows, rows: Uint32Array): Rows {
  const take = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
  return { columns: columns.map(take), target: take(target), weights: weights && take(weights) };
}
