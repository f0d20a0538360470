import type { Table } from 'apache-arrow';
import { blockSum } from '../../engine/block-sums.js';
import { type LayerPlan, Network } from '../../engine/descent/network.js';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import type { Activation } from '../../kernels/activations.js';
import { log } from '../../kernels/elementary.js';
import type { ParameterValue } from '../../parameters.js';
import { programImage } from '../../scoring/serialize.js';
import { type RegisterColumn, readRegister } from '../../table/columns.js';
import type { FitOptions, HistoryPoint, Model, TrainingWarning } from '../../table/interfaces.js';
import { namesWithRole } from '../../table/schema.js';
import { checkpointKey, decodeHistory, encodeHistory } from '../../training/checkpoint.js';
import { Deadline } from '../../training/deadline.js';
import { verdictOf } from '../../training/verdict.js';
import { type ClassWeights, classFactors, weighClasses } from '../class-weights.js';
import { featureColumns, requireFinite, type Target, targetOf, weightsOf } from '../features.js';
import { holdOut } from '../gradient-boosting/hold-out.js';
import { makeModel } from '../model.js';
import { weighingRows } from '../rows.js';
import { seedOf } from '../seed.js';
import { trainOnAllRows } from './all-rows.js';
import { BatchTraining } from './batches.js';
import { type InputScale, NetworkData } from './data.js';
import { drawWeights } from './initial.js';
import { lower } from './lower.js';
import type { PerceptronRegressorParameters } from './parameters.js';
import { decodeState, encodeState, type FittedState, packFitted, stateOfModel } from './saved.js';
import { type Curve, type Fitting, JUDGED_ROWS } from './state.js';

/** Who fits: the classifier or the regressor. */
export interface PerceptronEstimator {
  readonly name: string;
  readonly task: 'classification' | 'regression';
  readonly parameters: PerceptronRegressorParameters & { readonly classWeight?: ClassWeights };
}

/** What is learnt from, and what of it outlasts the rows: classes, scales. */
interface Subject {
  readonly columns: readonly RegisterColumn[];
  readonly target: Target;
  readonly weights: Float64Array | undefined;
  readonly scales: readonly InputScale[];
  /** Regression: the target's mean and deviation. */
  readonly unit: InputScale;
}

/** A subject whose columns' scales may yet have to be found. */
type Unscaled = Omit<Subject, 'scales'> & { readonly scales: Subject['scales'] | undefined };

export async function fitNetwork(
  estimator: PerceptronEstimator,
  table: Table,
  options: FitOptions,
  /** partialFit: the optimiser goes on too, and the model keeps it. */
  how: 'fit' | 'partialFit',
  classes?: readonly string[],
): Promise<Model> {
  throwIfCancelled(options.signal);
  const deadline = new Deadline(options.timeBudget);
  const start = options.warmStart && stateOfModel(options.warmStart);
  const known = subjectOf(estimator, table, options, start, classes ?? start?.classes);
  const engine = options.engine ?? (await defaultEngine());
  const seed = seedOf(estimator.parameters.randomState, options);
  const { training: rows, validation: held } = partRows(estimator, known, options, seed);
  using training = await dataOf(engine, known, rows, options.signal);
  const subject = { ...known, scales: training.scales };
  using validation = await validationData(engine, subject, held, options);
  using network = networkOf(engine, estimator, subject, training.rows);
  drawWeights(network, seed);
  requireSameShape(network, start);
  const key = options.checkpoint && (await keyOf(estimator, subject, seed, options));
  const save = key === undefined ? undefined : saver(options, key, subject);
  const { parameters } = estimator;
  const fitting: Fitting = {
    network,
    parameters,
    training,
    validation,
    seed,
    options,
    deadline,
    ...(save && { save }),
  };
  const curve = await train(fitting, start, how === 'partialFit', key);
  // What a time budget cut short can be gone on with.
  if (curve.outOfTime && parameters.solver !== 'lbfgs') await save?.(curve.final, curve.history);
  else await options.checkpoint?.clear();
  network.parameters.set(curve.kept.parameters);
  network.running.set(curve.kept.running);
  const meaning = subject.target.classes ? { classes: subject.target.classes } : subject.unit;
  // What the program does not hold: an optimiser's memory, and normalisation before it was worked into the weights.
  const keeps = how === 'partialFit' || parameters.batchNormalization;
  return makeModel({
    estimator: estimator.name,
    task: estimator.task,
    parameters: parameters as Readonly<Record<string, ParameterValue>>,
    target: subject.target.name,
    ...(subject.target.classes && { classes: subject.target.classes }),
    program: lower(network, subject.columns, subject.scales, meaning),
    interpretability: 'low',
    training: {
      ...recordOf(estimator, subject, rows, curve, fitting),
      ...(keeps && { state: packFitted({ ...curve.final, ...factsOf(subject) }) }),
    },
  });
}

async function train(
  fitting: Fitting,
  start: FittedState | undefined,
  whole: boolean,
  key: string | undefined,
): Promise<Curve> {
  const { network, options, parameters } = fitting;
  if (start) {
    network.parameters.set(start.parameters);
    network.running.set(start.running);
  }
  if (parameters.solver === 'lbfgs') return trainOnAllRows(fitting);
  using batches = new BatchTraining(fitting);
  if (start && whole) batches.resume({ ...start, best: undefined });
  const saved = key === undefined ? undefined : await options.checkpoint!.load(key);
  if (saved) batches.resume(decodeState(saved));
  return await batches.run(saved ? decodeHistory(saved.arrays['curve']!) : []);
}

function saver(options: FitOptions, key: string, subject: Subject): NonNullable<Fitting['save']> {
  return (state, history) => {
    const encoded = encodeState({ ...state, ...factsOf(subject) });
    const arrays = { ...encoded.arrays, curve: encodeHistory(history) };
    return options.checkpoint!.save(key, { values: encoded.values, arrays });
  };
}

function subjectOf(
  { name, task, parameters }: PerceptronEstimator,
  table: Table,
  options: FitOptions,
  start: FittedState | undefined,
  classes: readonly string[] | undefined,
): Unscaled {
  const columns = featureColumns(table, { ...options, warmStart: undefined });
  const target = classes ? knownTarget(table, options, classes) : targetOf(table, options, task);
  if (columns.some(({ type }) => type === 'category')) requireFinite(name, columns);
  if (options.warmStart) {
    requireFinite(name, columns);
    requireSameColumns(columns, options.warmStart);
  }
  const own = weightsOf(table, options);
  const all = { targets: target.values, classes: target.classes ?? [], rows: weighingRows(table.numRows, own) };
  const factors = target.classes ? classFactors(parameters.classWeight ?? null, all) : undefined;
  const weights = weighClasses(target.values, factors, own);
  const scales = start?.scales;
  if (start) return { columns, target, weights, scales, unit: start.unit };
  const unit = target.classes ? { shift: 0, scale: 1 } : unitOf(target.values, weights);
  return { columns, target, weights, scales, unit };
}

function requireSameColumns(columns: readonly RegisterColumn[], { program }: Model): void {
  const [now, before] = [columns, program.inputs].map((list) => list.map(({ name }) => name).join(', '));
  if (now === before) return;
  throw new LanewiseError('usage', `Expected the features of the model to go on from, ${before}, but received ${now}`);
}

/** The codes of classes that were known before: some of them may be absent from these rows. */
function knownTarget(table: Table, options: FitOptions, classes: readonly string[]): Target {
  const name = options.target ?? namesWithRole(table, 'target')[0];
  if (name === undefined) return targetOf(table, options, 'classification');
  return { name, values: classCodes(table, name, classes), classes };
}

function classCodes(table: Table, name: string, classes: readonly string[]): Float64Array {
  const { values, type, labels } = readRegister(table, name);
  const position = new Map(classes.map((label, index) => [label, index]));
  return values.map((value) => {
    const label = type === 'category' ? labels![value] : type === 'boolean' ? String(value === 1) : String(value);
    const code = Number.isNaN(value) ? undefined : position.get(String(label));
    if (code !== undefined) return code;
    const shown = Number.isNaN(value) ? 'a missing value' : `"${label}"`;
    throw new LanewiseError('data', `Expected a class that is known in target "${name}" but received ${shown}`, {
      column: name,
      hint: `The classes are: ${classes.slice(0, 20).join(', ')}`,
    });
  });
}

/** The weighted mean and standard deviation; of a target of any size, so squares are of scaled values. */
function unitOf(values: Float64Array, weights: Float64Array | undefined): InputScale {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return { shift: 0, scale: 1 };
  const weight = (row: number) => (weights ? weights[row]! : 1);
  const count = values.length;
  const total = blockSum(count, weight);
  const mean = blockSum(count, (row) => weight(row) * (values[row]! / largest)) / total;
  const variance = blockSum(count, (row) => weight(row) * (values[row]! / largest - mean) ** 2) / total;
  const spread = Math.sqrt(variance) * largest;
  return { shift: mean * largest, scale: spread > 0 ? spread : 1 };
}

function partRows(
  { parameters }: PerceptronEstimator,
  { target, weights }: Unscaled,
  options: FitOptions,
  seed: number,
): { training: Uint32Array; validation: Uint32Array } {
  const rows = weighingRows(target.values.length, weights);
  const given = options.validation !== undefined && options.validation.numRows > 0;
  if (!parameters.earlyStopping || given) return { training: rows, validation: new Uint32Array(0) };
  const classOf = target.classes && ((row: number) => target.values[row]!);
  return holdOut(rows, parameters.validationFraction, seed, classOf);
}

function dataOf(
  engine: Engine,
  { columns, scales, target, weights, unit }: Unscaled,
  rows: Uint32Array,
  signal: AbortSignal | undefined,
): Promise<NetworkData> {
  const values = target.classes ? target.values : target.values.map((value) => (value - unit.shift) / unit.scale);
  return NetworkData.of(engine, columns, scales, { rows, target: values, weights }, signal);
}

async function validationData(
  engine: Engine,
  subject: Subject,
  held: Uint32Array,
  { validation, target: _, ...options }: FitOptions,
): Promise<NetworkData | undefined> {
  if (held.length > 0) return dataOf(engine, subject, held, options.signal);
  if (!validation || validation.numRows === 0) return undefined;
  const columns = subject.columns.map(({ name, labels }) => readRegister(validation, name, labels));
  requireFinite('multilayer-perceptron', columns);
  const { name, classes } = subject.target;
  const values = classes ? classCodes(validation, name, classes) : readRegister(validation, name).values;
  const rows = Uint32Array.from({ length: validation.numRows }, (_row, row) => row);
  return dataOf(
    engine,
    { ...subject, columns, target: { ...subject.target, values }, weights: undefined },
    rows,
    options.signal,
  );
}

function networkOf(
  engine: Engine,
  { parameters }: PerceptronEstimator,
  { columns, target }: Subject,
  rows: number,
): Network {
  const { hiddenLayerSizes, activation, batchNormalization, dropout, batchSize, solver } = parameters;
  const classes = target.classes?.length ?? 0;
  const sizes = [...hiddenLayerSizes, classes > 2 ? classes : 1];
  const plans = sizes.map((units, layer): LayerPlan => {
    const inputs = layer === 0 ? columns.length : sizes[layer - 1]!;
    if (layer === sizes.length - 1) return { inputs, units, activation: 'identity', normalized: false, dropout: 0 };
    return { inputs, units, activation: activation as Activation, normalized: batchNormalization, dropout };
  });
  const loss = classes === 0 ? 'squared' : classes === 2 ? 'logistic' : 'softmax';
  const batch = solver === 'lbfgs' ? JUDGED_ROWS : Math.min(batchSize ?? 200, rows);
  return new Network(engine, plans, loss, Math.max(batch, JUDGED_ROWS));
}

function requireSameShape(network: Network, start: FittedState | undefined): void {
  if (!start || start.parameters.length === network.parameters.length) return;
  throw new LanewiseError(
    'usage',
    `Expected a network of ${network.parameters.length} parameters to go on from but it has ${start.parameters.length}`,
    { hint: 'Features, classes and hiddenLayerSizes must be those of the model that training goes on from.' },
  );
}

function factsOf({ target, scales, unit }: Subject): Pick<FittedState, 'classes' | 'scales' | 'unit'> {
  return { ...(target.classes && { classes: target.classes }), scales, unit };
}

function keyOf(
  { name, task, parameters }: PerceptronEstimator,
  { columns, target, weights }: Subject,
  seed: number,
  { validation, warmStart }: FitOptions,
): Promise<string> {
  const described = columns.map((column) => [column.name, column.type]);
  const learnt = [...columns.map(({ values }) => values), target.values, ...(weights ? [weights] : [])];
  const judged = validation ? [...columns, target].map((column) => readRegister(validation, column.name).values) : [];
  const before = warmStart ? [programImage(warmStart.program)] : [];
  return checkpointKey({ name, task, parameters, seed, described, state: warmStart?.training.state ?? null }, [
    ...learnt,
    ...judged,
    ...before,
  ]);
}

function recordOf(
  { parameters }: PerceptronEstimator,
  subject: Subject,
  rows: Uint32Array,
  curve: Curve,
  { deadline }: Fitting,
): Model['training'] {
  const { history, bestIteration, converged, stoppedEarly, outOfTime } = curve;
  const baselineLoss = baselineOf(subject, rows);
  const verdict = verdictOf({
    history: history as HistoryPoint[],
    converged,
    stoppedEarly,
    bestIteration,
    baselineLoss,
    unit: parameters.solver === 'lbfgs' ? 'iteration' : 'epoch',
  });
  const warnings = warningsOf(subject, curve, parameters);
  return {
    rows: subject.target.values.length,
    iterations: Math.max(1, history.length),
    bestIteration: Math.max(1, bestIteration),
    lossName: subject.target.classes ? 'log loss' : "half squared error, over the target's variance",
    history,
    verdict: outOfTime ? `time budget of ${deadline.seconds} s used up; ${verdict}` : verdict,
    ...(warnings.length > 0 && { warnings }),
  };
}

function warningsOf(
  { columns, scales }: Subject,
  { converged, stoppedEarly, history }: Curve,
  { maxIter, learningRate }: PerceptronRegressorParameters,
): TrainingWarning[] {
  const warnings: TrainingWarning[] = [];
  const far = columns.filter((_, j) => scales[j]!.scale !== 1 || scales[j]!.shift !== 0).map(({ name }) => name);
  if (far.length > 0) {
    const named = far.slice(0, 5).join(', ') + (far.length > 5 ? ', …' : '');
    const message = `${far.length} of ${columns.length} features lie far off the scale that networks learn on and were centred and scaled: ${named}. Scale features first (a recipe does)`;
    warnings.push({ name: 'unscaled-features', message });
  }
  if (!converged && !stoppedEarly && learningRate !== 'cosine') {
    const message = `the loss still moved after ${history.length} of at most ${maxIter} epochs`;
    warnings.push({ name: 'not-converged', message });
  }
  return warnings;
}

/** The loss of the shares of the classes, or of the mean. */
function baselineOf({ target, weights }: Subject, rows: Uint32Array): number {
  if (!target.classes) return 0.5;
  const shares = new Float64Array(target.classes.length);
  let total = 0;
  for (const row of rows) {
    const weight = weights ? weights[row]! : 1;
    shares[target.values[row]!]! += weight;
    total += weight;
  }
  return shares.reduce((sum, share) => (share > 0 ? sum - (share / total) * log(share / total) : sum), 0);
}
