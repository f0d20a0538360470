import { defaultEngine, type Engine } from '../../../engine/engine.js';
import type { SpilledRows } from '../../../engine/trees/spilled-rows.js';
import { invalid, LanewiseError, throwIfCancelled } from '../../../errors.js';
import { gainOf } from '../../../evaluate/lists.js';
import type { RegisterColumn } from '../../../table/columns.js';
import type { FitOptions, Model, Source } from '../../../table/interfaces.js';
import { Deadline } from '../../../training/deadline.js';
import { factorsOfCounts } from '../../class-weights.js';
import { groupsOf, type Target } from '../../features.js';
import { seedOf } from '../../seed.js';
import { readValidation, type ValidationRows } from '../../validation.js';
import { baseOf, checkTarget, classificationLoss, regressionLoss } from '../choose-loss.js';
import { constraintsOf } from '../constraints.js';
import { type FittedTrees, fittedTreesOf, requireSameSubject } from '../continuation.js';
import { keyOf } from '../fit-key.js';
import { AUTO_STOPPING_ROWS, type BoostingEstimator, boostedModel, requireMoreRounds } from '../gradient-boosting.js';
import type { BoostingLoss } from '../loss.js';
import { BoostingCheckpoint, behindOf } from '../resumption.js';
import { checkGrades, noClassWeight, rankingLoss } from '../subject.js';
import { requireStreamedBase } from './base.js';
import { SpilledBoosting } from './spilled-boosting.js';
import { spillRows } from './spilled-data.js';
import { SpilledLists } from './spilled-lists.js';
import { StreamReader } from './stream.js';
import type { StreamDigests } from './stream-key-node.js';
import { type Survey, survey } from './survey.js';

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

const DEFAULT_MEMORY = 512e6;
const LEAST_MEMORY = 1e6;

/**
 * Gradient boosting from a source of rows, which is passed over twice (three times where a share of few rows is held out):
 * once for the bins, once to write binned rows to a temporary file, from which all trees are then grown.
 * @throws LanewiseError `file` where the disk is full, `data` where the rows change between the passes; as `fit`, else.
 */
export async function fitStream(estimator: BoostingEstimator, source: Source, options: StreamOptions): Promise<Model> {
  const { signal, onProgress } = options;
  throwIfCancelled(signal);
  const deadline = new Deadline(options.timeBudget);
  const engine = options.engine ?? (await defaultEngine());
  const { parameters, task } = estimator;
  const memory = bytesOf(options.memory ?? DEFAULT_MEMORY);
  const seed = seedOf(parameters.randomState, options);
  const told = (what: string) => (rows: number) =>
    onProgress?.({ what, done: rows, total: Math.max(rows, source.rowCount ?? rows) });
  const previous = options.warmStart && fittedTreesOf(options.warmStart, task, 'warmStart');
  if (previous) requireMoreRounds(previous.rounds, parameters.maxIter);
  const reader = await StreamReader.open(source, task, options, previous);
  const digests = options.checkpoint && new (await import('./stream-key-node.js')).StreamDigests(reader);
  const found = await surveyFor(estimator, reader, options, { engine, seed, digests, onRows: told('row surveyed') });
  const columns = reader.columns.map((column) => column.finish().column);
  const features = reader.features.map((column) => column.finish().column);
  const classes = reader.targets[0]!.classes()?.labels;
  const targets = reader.targets.map(({ name }) => ({ name, classes }));
  const loss = lossOf(estimator, targets);
  if (previous) requireSameSubject(previous, { targets, loss }, 'warmStart');
  const factors = factorsOf(estimator, reader, found);
  const base = estimator.task === 'ranking' ? undefined : baseOf(estimator.parameters.baseScore, loss);
  requireStreamedBase(loss, previous !== undefined || base !== undefined);
  const constraints = constraintsOf(parameters, columns, features, loss.outputs);
  const validation = validationOf(estimator, features, targets, options);
  requireRows(found, factors);
  const validationGroups = validation.length > 0 && reader.groups ? groupsOf(options.validation!, options) : undefined;
  const keyed = { estimator, seed, features, loss, validation, validationGroups, previous };
  const checkpoint = await BoostingCheckpoint.of(options, () => keyOf(keyed, digests!.finish()));
  const resumed = await checkpoint?.load();
  const behind = behindOf(engine, estimator, { previous, resumed }, { bins: found.bins, seed, signal });
  const { SpillFile } = await import('../../../engine/trees/spill-file-node.js');
  await using file = SpillFile.create(options.directory);
  await using rows = await spillRows(engine, file, reader, found, {
    outputs: loss.outputs,
    normalizes: loss.link === 'softmax',
    drops: parameters.boostingType === 'dart',
    memory: memory / 2,
    validation,
    validationGroups,
    factors,
    targetOf: (values) => (task === 'ranking' ? values.map(gainOf) : values),
    startOf: async (some) => (behind ? await behind.predict(inInputOrder(behind.trees, some)) : []),
    onRows: told('row'),
    signal,
  });
  onProgress?.({ what: 'column', done: columns.length, total: columns.length });
  const followed = found.followed + (validation[0]?.target.length ?? 0);
  await using lists = await spilledListsOf(engine, rows, loss, options);
  const data = { rows, bins: found.bins, learnt: found.learnt, followed, weighted: rows.weighted, lists };
  const before = behind?.trees.operation;
  const facts = { columns, features, bins: found.bins, targets, loss, rows: found.learnt, previous: before };
  using run = new SpilledBoosting(engine, data, loss, {
    ...parameters,
    constraints,
    seed,
    base,
    start: behind?.start,
    signal,
    onProgress,
    deadline,
    onRound: async (soFar) => {
      await checkpoint?.saveDue(() => boostedModel(estimator, { ...facts, boosted: soFar }).program, soFar);
    },
  });
  const boosted = await run.boost();
  const model = boostedModel(estimator, { ...facts, boosted });
  // With more time the same fit goes on.
  if (boosted.stopped !== 'time used up') await checkpoint?.clear();
  return model;
}

/** Where rows are ranked: their lists, in a file of their own. */
async function spilledListsOf(
  engine: Engine,
  rows: SpilledRows,
  loss: BoostingLoss,
  { directory, signal }: StreamOptions,
): Promise<SpilledLists | undefined> {
  if (loss.kind !== 'lists') return undefined;
  const { SpillFile } = await import('../../../engine/trees/spill-file-node.js');
  return await SpilledLists.of(engine, rows, SpillFile.create(directory), loss, signal);
}

/** Looks at all rows, as this estimator wants it. */
function surveyFor(
  estimator: BoostingEstimator,
  reader: StreamReader,
  options: StreamOptions,
  how: { engine: Engine; seed: number; digests: StreamDigests | undefined; onRows: (rows: number) => void },
): Promise<Survey> {
  const { earlyStopping, validationFraction, maxBins, binning } = estimator.parameters;
  const { engine, seed, digests, onRows } = how;
  const holdsOut = earlyStopping !== 'false' && !options.validation;
  return survey(reader, {
    engine,
    maxBins,
    binning,
    seed,
    validationFraction: holdsOut ? validationFraction : 0,
    holdOutAbove: earlyStopping === 'auto' ? AUTO_STOPPING_ROWS : 1,
    byClass: estimator.task === 'classification',
    leftOut: leftOut(estimator),
    checkTarget: (values, firstRow, name) => {
      if (estimator.task === 'regression') checkTarget(estimator.parameters, name, values, { firstRow });
      if (estimator.task === 'ranking') checkGrades(name, values, { firstRow });
    },
    onBatch: (batch) => digests?.add(batch),
    onRows,
  });
}

/** The loss of rows that come in chunks; their targets are looked at as they come. */
function lossOf(estimator: BoostingEstimator, targets: readonly Omit<Target, 'values'>[]): BoostingLoss {
  if (estimator.task === 'ranking') return rankingLoss(estimator.parameters);
  if (estimator.task === 'regression') {
    const none = targets.map(({ name }) => ({ name, values: new Float64Array(0) }));
    return regressionLoss(estimator.parameters, estimator.customLoss, none);
  }
  return classificationLoss(estimator.parameters.loss, estimator.customLoss, targets[0]!.classes!);
}

/** The rows of the validation table, once for each target. */
function validationOf(
  estimator: BoostingEstimator,
  features: readonly Omit<RegisterColumn, 'values'>[],
  targets: readonly Omit<Target, 'values'>[],
  options: StreamOptions,
): ValidationRows[] {
  const { validation } = options;
  if (!validation || validation.numRows === 0) return [];
  return targets.map((target) => {
    const rows = readValidation(validation, features, target, options);
    if (estimator.task === 'regression') {
      checkTarget(estimator.parameters, target.name, rows.target, { of: ' of the validation table' });
    }
    if (estimator.task === 'ranking') checkGrades(target.name, rows.target, { of: ' of the validation table' });
    return rows;
  });
}

/** Classes of weight 0, which are known by name alone. */
function leftOut(estimator: BoostingEstimator): ReadonlySet<string> {
  const factors = estimator.task === 'classification' ? estimator.parameters.classWeight : null;
  if (factors === null || factors === 'balanced') return new Set();
  return new Set(Object.keys(factors).filter((label) => factors[label] === 0));
}

/** What the rows of each class are multiplied by; undefined where all count alike. */
function factorsOf(estimator: BoostingEstimator, reader: StreamReader, found: Survey): Float64Array | undefined {
  const classes = reader.targets[0]!.classes();
  if (estimator.task !== 'classification' || estimator.parameters.classWeight === null || !classes) return undefined;
  const counts = new Float64Array(classes.labels.length);
  for (const [code, count] of found.classCounts) counts[classes.codes[code]!]! += count;
  return factorsOfCounts(estimator.parameters.classWeight, classes.labels, counts);
}

function requireRows(found: Survey, factors: Float64Array | undefined): void {
  if (found.learnt > 0) return;
  if (factors?.every((factor) => factor === 0)) throw noClassWeight();
  throw new LanewiseError('data', 'Expected a row of weight above 0 to learn from');
}

/** The columns that trees read, in the order in which they do. */
function inInputOrder({ program }: FittedTrees, columns: readonly RegisterColumn[]): RegisterColumn[] {
  return program.inputs.map(({ name }) => columns.find((column) => column.name === name)!);
}

/** '1GB', '512 MB', 1e9 → bytes. */
export function bytesOf(memory: number | string): number {
  const match = typeof memory === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*(k|M|G|T)?i?B?\s*$/i.exec(memory) : undefined;
  const powers: Record<string, number> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12 };
  const bytes = match ? Number(match[1]) * (match[2] ? powers[match[2].toLowerCase()]! : 1) : Number(memory);
  if (bytes >= LEAST_MEMORY && Number.isFinite(bytes)) return bytes;
  throw invalid('memory', `at least ${LEAST_MEMORY / 1e6} MB, such as '512MB' or '1GB'`, memory);
}
