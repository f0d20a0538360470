import { defaultEngine } from '../../../engine/engine.js';
import { invalid, LanewiseError, throwIfCancelled } from '../../../errors.js';
import type { FitOptions, Model, Source } from '../../../table/interfaces.js';
import { Deadline } from '../../../training/deadline.js';
import { factorsOfCounts } from '../../class-weights.js';
import type { Target } from '../../features.js';
import { seedOf } from '../../seed.js';
import { readValidation } from '../../validation.js';
import { baseOf, checkTarget, classificationLoss, regressionLoss } from '../choose-loss.js';
import { constraintsOf } from '../constraints.js';
import {
  AUTO_STOPPING_ROWS,
  boostedModel,
  type GradientBoostingClassifier,
  type GradientBoostingRegressor,
} from '../gradient-boosting.js';
import type { KernelLoss } from '../loss.js';
import { requireStreamed } from './base.js';
import { SpilledBoosting } from './spilled-boosting.js';
import { spillRows } from './spilled-data.js';
import { StreamReader } from './stream.js';
import { type Survey, survey } from './survey.js';
import { refuseUnstreamed } from './unstreamed.js';

/** What fitting rows beyond memory is told besides. */
export interface StreamOptions extends FitOptions {
  /**
   * Bytes that the rows may take in memory at once, as a number or as '512MB', '1GB': half of them hold two windows of
   * rows. Default 512 MB. What does not grow with the rows comes on top: the process, histograms, samples of the columns.
   */
  readonly memory?: number | string;
  /** Where the temporary file is made; default: the system's folder for such. */
  readonly directory?: string;
}

type StreamedEstimator = GradientBoostingRegressor | GradientBoostingClassifier;

const DEFAULT_MEMORY = 512e6;
const LEAST_MEMORY = 1e6;

/**
 * Gradient boosting from a source of rows, which is passed over twice (three times where a share of few rows is held out):
 * once for the bins, once to write binned rows to a temporary file, from which all trees are then grown.
 * @throws LanewiseError `file` where the disk is full, `data` where the rows change between the passes; as `fit`, else.
 */
export async function fitStream(estimator: StreamedEstimator, source: Source, options: StreamOptions): Promise<Model> {
  const { signal, onProgress } = options;
  throwIfCancelled(signal);
  const deadline = new Deadline(options.timeBudget);
  const engine = options.engine ?? (await defaultEngine());
  const { parameters, task } = estimator;
  refuseUnstreamed(parameters, options);
  const memory = bytesOf(options.memory ?? DEFAULT_MEMORY);
  const seed = seedOf(parameters.randomState, options);
  const told = (what: string) => (rows: number) =>
    onProgress?.({ what, done: rows, total: Math.max(rows, source.rowCount ?? rows) });
  const reader = await StreamReader.open(source, task, options);
  const { earlyStopping, validationFraction, maxBins, binning } = parameters;
  const holdsOut = earlyStopping !== 'false' && !options.validation;
  const found = await survey(reader, {
    engine,
    maxBins,
    binning,
    seed,
    validationFraction: holdsOut ? validationFraction : 0,
    holdOutAbove: earlyStopping === 'auto' ? AUTO_STOPPING_ROWS : 1,
    byClass: task === 'classification',
    checkTarget: (values, firstRow) => {
      if (estimator.task === 'regression') checkTarget(estimator.parameters, reader.target, values, { firstRow });
    },
    onRows: told('row surveyed'),
  });
  const columns = reader.columns.map((column) => column.finish().column);
  const features = reader.features.map((column) => column.finish().column);
  const target = { name: reader.target, classes: reader.classes()?.labels };
  const loss = lossOf(estimator, target);
  const factors = factorsOf(estimator, reader, found);
  const base = baseOf(parameters.baseScore, loss);
  const constraints = constraintsOf(parameters, columns, features, loss.outputs);
  const { validation: table } = options;
  const validation = table && table.numRows > 0 ? readValidation(table, features, target, options) : undefined;
  if (validation && estimator.task === 'regression') {
    checkTarget(estimator.parameters, target.name, validation.target, { of: ' of the validation table' });
  }
  if (found.learnt === 0) throw new LanewiseError('data', 'Expected a row of weight above 0 to learn from');
  const { SpillFile } = await import('../../../engine/spill-file-node.js');
  await using file = SpillFile.create(options.directory);
  await using rows = await spillRows(engine, file, reader, found, {
    outputs: loss.outputs,
    normalizes: loss.link === 'softmax',
    memory: memory / 2,
    validation,
    factors,
    onRows: told('row'),
    signal,
  });
  onProgress?.({ what: 'column', done: columns.length, total: columns.length });
  const followed = found.followed + (validation?.target.length ?? 0);
  const data = { rows, bins: found.bins, learnt: found.learnt, followed, weighted: rows.weighted };
  const given = { ...parameters, constraints, seed, base, signal, onProgress, deadline };
  using run = new SpilledBoosting(engine, data, loss, given);
  const boosted = await run.boost();
  return boostedModel(estimator, {
    columns,
    features,
    bins: found.bins,
    boosted,
    targets: [target],
    loss,
    rows: found.learnt,
  });
}

/** The loss of rows that come in chunks; their targets are looked at as they come. */
function lossOf(estimator: StreamedEstimator, { name, classes }: Omit<Target, 'values'>): KernelLoss {
  if (estimator.task === 'regression') {
    return requireStreamed(regressionLoss(estimator.parameters, undefined, [{ name, values: new Float64Array(0) }]));
  }
  return requireStreamed(classificationLoss(estimator.parameters.loss, undefined, classes!));
}

/** What the rows of each class are multiplied by; undefined where all count alike. */
function factorsOf(estimator: StreamedEstimator, reader: StreamReader, found: Survey): Float64Array | undefined {
  const classes = reader.classes();
  if (estimator.task === 'regression' || estimator.parameters.classWeight === null || !classes) return undefined;
  const counts = new Float64Array(classes.labels.length);
  for (const [code, count] of found.classCounts) counts[classes.codes[code]!]! += count;
  const factors = factorsOfCounts(estimator.parameters.classWeight, classes.labels, counts);
  const none = factors.indexOf(0);
  if (none < 0) return factors;
  // Who is held out is known before the classes are.
  const message = `Expected classWeight above 0 for rows beyond memory but that of "${classes.labels[none]}" is 0`;
  throw new LanewiseError('unsupported', message, { hint: 'Leave the rows of that class out of the source.' });
}

/** '1GB', '512 MB', 1e9 → bytes. */
export function bytesOf(memory: number | string): number {
  const match = typeof memory === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*(k|M|G|T)?i?B?\s*$/i.exec(memory) : undefined;
  const powers: Record<string, number> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12 };
  const bytes = match ? Number(match[1]) * (match[2] ? powers[match[2].toLowerCase()]! : 1) : Number(memory);
  if (bytes >= LEAST_MEMORY && Number.isFinite(bytes)) return bytes;
  throw invalid('memory', `at least ${LEAST_MEMORY / 1e6} MB, such as '512MB' or '1GB'`, memory);
}
