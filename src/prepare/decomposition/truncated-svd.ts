import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { flipSigns, randomizedSvd, svd } from '../../engine/linear-algebra.js';
import { checkParameters, defineParameters, type Parameters } from '../../parameters.js';
import type { Transformer, TransformerContext } from '../../table/interfaces.js';
import { moments } from '../../table/statistics.js';
import type { TransformerEntry } from '../../table/transformer.js';
import { type Components, FittedDecomposition, noComponents, numbersOf, sumOf, unitOfColumns } from './components.js';

const declarations = defineParameters({
  nComponents: { type: 'integer', default: 2, min: 1, meaning: 'how many components' },
  algorithm: {
    type: 'choice',
    default: 'randomized',
    choices: ['randomized', 'exact'],
    meaning: "randomized: by Halko's method; exact: all singular values, of which the largest are kept",
  },
  nIter: { type: 'integer', default: 5, min: 0, meaning: 'power iterations of randomized' },
  nOversamples: { type: 'integer', default: 10, min: 0, meaning: 'directions of randomized beside those wanted' },
});

export type TruncatedSVDParameters = Parameters<typeof declarations>;

/**
 * Truncated singular value decomposition: as PCA, but columns are not centred, so that zeros stay zeros: what counts of words
 * take (latent semantic analysis). Scores are truncated_svd_1, … Missing and infinite values count as 0.
 */
export class TruncatedSVD implements Transformer {
  readonly name = 'truncated-svd';
  readonly parameters: TruncatedSVDParameters;

  constructor(parameters: Partial<TruncatedSVDParameters> = {}) {
    this.parameters = checkParameters('TruncatedSVD', declarations, parameters);
  }

  /** @param context its `columns`, by default all features, of which the numbers and booleans are taken */
  async fit(table: Table, context: Partial<TransformerContext> = {}): Promise<FittedDecomposition> {
    const numbers = numbersOf(table, context.columns, false);
    const engine = context.engine ?? (await defaultEngine());
    const found =
      numbers.values.length > 0 && table.numRows > 0
        ? await truncate(engine, numbers.values, this.parameters, context.seed ?? 0, context.signal)
        : noComponents(table.numRows);
    return new FittedDecomposition(this.name, numbers, found, false, this.parameters.nComponents);
  }
}

export const truncatedSvd: TransformerEntry = {
  name: 'truncated-svd',
  meaning: 'numbers become their scores along the largest singular vectors, uncentred',
  declarations,
  create: (parameters = {}) => new TruncatedSVD(parameters),
};

async function truncate(
  engine: Engine,
  columns: readonly Float64Array[],
  { nComponents, algorithm, nIter, nOversamples }: TruncatedSVDParameters,
  seed: number,
  signal?: AbortSignal,
): Promise<Components> {
  const unit = unitOfColumns(columns);
  const [rows, size] = [columns[0]!.length, columns.length];
  const count = Math.min(nComponents, rows, size);
  const matrix = new Float64Array(rows * size);
  columns.forEach((column, j) => {
    for (let i = 0; i < rows; i++) matrix[j * rows + i] = column[i]! / unit;
  });
  const options = { count, oversamples: nOversamples, iterations: nIter, seed, signal };
  const found =
    algorithm === 'exact'
      ? await svd(engine, matrix, rows, size, signal)
      : await randomizedSvd(engine, matrix, rows, size, options);
  flipSigns(found);
  const variances = Float64Array.from({ length: count }, (_, k) => {
    const along = found.left.subarray(k * rows, (k + 1) * rows);
    return (moments(along).deviation * found.values[k]!) ** 2;
  });
  const all = Float64Array.from(
    { length: size },
    (_, j) => moments(matrix.subarray(j * rows, (j + 1) * rows)).deviation ** 2,
  );
  const total = sumOf(all);
  return {
    rowCount: rows,
    means: new Float64Array(size),
    components: found.right.slice(0, count * size),
    explainedVariance: variances.map((value) => value * unit * unit),
    explainedVarianceRatio: variances.map((value) => (total > 0 ? value / total : 0)),
    singularValues: found.values.slice(0, count).map((value) => value * unit),
    noiseVariance: 0,
    solver: algorithm,
  };
}
